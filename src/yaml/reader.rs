//! Decodes YAML files and checks that all characters are allowed.

use super::error::{YamlError, YamlErrorKind};
use crate::{
    diagnostics::Diagnostic,
    source::{Source, Span},
};

/// Decodes a UTF-8 file. The function `source` creates the source from the file's name and text.
///
/// A byte order mark remains in the text, because the parser skips it.
pub(crate) fn decode(
    name: &str,
    bytes: Vec<u8>,
    source: fn(String, String) -> Source,
) -> Result<Source, Box<Diagnostic>> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(source(name.to_owned(), text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
            // The lossy conversion does not change the text before the first invalid byte, so the offset remains valid.
            let source = source(name.to_owned(), String::from_utf8_lossy(bytes).into_owned());
            Err(Box::new(YamlErrorKind::NotUtf8 { utf16 }.at(Span::new(at, at)).diagnostic(&source)))
        }
    }
}

/// Fails if the text contains control characters or noncharacters, which YAML does not allow.
pub(super) fn check_characters(text: &str) -> Result<(), YamlError> {
    match text.char_indices().find(|(_, character)| !is_allowed(*character)) {
        Some((at, character)) => {
            Err(YamlErrorKind::Character(character).at(Span::new(at, at + character.len_utf8())))
        }
        None => Ok(()),
    }
}

fn is_allowed(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locates_the_first_byte_that_is_not_utf8() {
        assert_eq!(decode("a.yaml", "\u{feff}a: é".into(), Source::new).unwrap().text(), "\u{feff}a: é");
        for (bytes, line, column, help) in [
            (b"a: 1\nb: \xff\n".to_vec(), 2, 4, "save the file with the encoding UTF-8"),
            (b"\xff\xfea\0".to_vec(), 1, 1, "convert the file from UTF-16 to UTF-8"),
        ] {
            let diagnostic = decode("a.yaml", bytes, Source::new).unwrap_err();
            let start = diagnostic.place.as_ref().unwrap().start();
            assert_eq!((diagnostic.code.name(), start.line, start.column), ("yaml-encoding", line, column));
            assert_eq!(diagnostic.help.as_deref(), Some(help));
        }
    }

    #[test]
    fn rejects_control_characters() {
        assert_eq!(check_characters("a: \u{85}\u{a0}\u{2028}\u{e000}\u{fffd}\u{10ffff}\t\r\n~"), Ok(()));
        for character in
            ['\0', '\u{7}', '\u{b}', '\u{1b}', '\u{7f}', '\u{80}', '\u{9f}', '\u{fffe}', '\u{ffff}']
        {
            let error = check_characters(&format!("é{character}")).unwrap_err();
            assert_eq!(error.kind, YamlErrorKind::Character(character));
            assert_eq!(error.span, Span::new(2, 2 + character.len_utf8()));
        }
    }
}
