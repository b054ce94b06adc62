//! Reads, decodes and parses Python files.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use md5::{Digest, Md5};

use crate::flow::{error::FlowError, program::syntax};
use crate::{
    diagnostics::Place,
    digest::hexadecimal,
    fs,
    source::{Source, Span},
};

/// Maximum size of a Python file in bytes. Parsing a larger file could use gigabytes of memory.
const SIZE_LIMIT: u64 = 16 << 20;

/// A Python file that has been read and parsed.
#[derive(Debug)]
pub(crate) struct PythonFile {
    pub(crate) path: PathBuf,
    pub(crate) source: Source,
    /// MD5 of the file's content in hexadecimal, which is the default version of the flows in the file.
    pub(crate) md5: String,
    pub(crate) body: syntax::Body,
    /// The functions in the file that look like flows, including nested functions.
    pub(crate) flows: Vec<syntax::Decorated>,
    /// The function bodies, if a function of the file has been interpreted.
    pub(crate) function_bodies: OnceLock<syntax::FunctionBodies>,
}

impl PythonFile {
    /// Reads and parses the file at `path`. Diagnostics refer to the file as `name`.
    ///
    /// Returns `None` without parsing the file if its text contains none of `words`. If `words` is empty, every file
    /// is parsed.
    pub(crate) fn read(path: &Path, name: &str, words: &[&str]) -> Result<Option<Self>, FlowError> {
        let bytes = fs::read_bytes_up_to(path, SIZE_LIMIT).map_err(|error| {
            let path = || name.to_owned();
            match error {
                error if error.is_not_found() => FlowError::FileMissing { path: path() },
                error if error.is_irregular() => FlowError::NotRegular { path: path() },
                error => error.into(),
            }
        })?;
        let bytes =
            bytes.ok_or_else(|| FlowError::TooLarge { path: name.to_owned(), limit: SIZE_LIMIT >> 20 })?;
        let text = decode(&bytes).ok_or_else(|| FlowError::Encoding { path: name.to_owned() })?;
        if !words.is_empty() && !words.iter().any(|word| text.contains(word)) {
            return Ok(None);
        }
        let source =
            if fs::is_link_outside(path) { Source::private(name, text) } else { Source::new(name, text) };
        let module = syntax::parse(source.text()).map_err(|error| FlowError::Syntax {
            place: Place::new(&source, error.span),
            message: error.message,
        })?;
        let syntax::Module { body, flows } = module;
        let (path, md5) = (path.to_owned(), hexadecimal(&Md5::digest(&bytes)));
        Ok(Some(Self { path, source, md5, body, flows, function_bodies: OnceLock::new() }))
    }

    pub(crate) fn place(&self, span: Span) -> Place {
        Place::new(&self.source, span)
    }
}

/// Reads and decodes the file at `path`. Returns `None` if the file cannot be read.
pub(crate) fn text(path: &Path) -> Option<String> {
    let bytes = fs::read_bytes_up_to(path, SIZE_LIMIT).ok().flatten()?;
    decode(&bytes)
}

/// Decodes a Python source file and normalizes its line endings to `\n`, as Python does.
///
/// UTF-8 is always supported, and Latin-1 is supported if the file declares it. Returns `None` for other
/// encodings and for invalid UTF-8.
fn decode(bytes: &[u8]) -> Option<String> {
    let text = decode_characters(bytes)?;
    Some(if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text })
}

fn decode_characters(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match declared_encoding(bytes).as_deref() {
        Some("latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1") => {
            Some(bytes.iter().copied().map(char::from).collect())
        }
        None | Some("utf-8" | "utf8" | "utf-8-sig" | "ascii" | "us-ascii") => {
            String::from_utf8(bytes.to_vec()).ok()
        }
        Some(_) => None,
    }
}

/// Returns the encoding that is declared by a comment in the first two lines of a file, as specified by PEP 263.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    bytes.split(|byte| *byte == b'\n').take(2).find_map(|line| {
        let line = String::from_utf8_lossy(line);
        let comment = line.trim_start_matches([' ', '\t', '\x0c']).strip_prefix('#')?;
        let (_, rest) = comment.split_once("coding")?;
        let rest = rest.strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(rest.len());
        (end > 0).then(|| rest[..end].to_ascii_lowercase().replace('_', "-"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_files_by_their_declared_encoding() {
        let cases: [(&[u8], Option<&str>); 7] = [
            (b"a\r\nb\rc", Some("a\nb\nc")),
            (b"\xef\xbb\xbfx = 1", Some("x = 1")),
            (b"# -*- coding: latin-1 -*-\n'\xe9'", Some("# -*- coding: latin-1 -*-\n'\u{e9}'")),
            (
                b"#!/bin/sh\n# vim: set fileencoding=iso_8859_1 :\n\xe9",
                Some("#!/bin/sh\n# vim: set fileencoding=iso_8859_1 :\n\u{e9}"),
            ),
            (b"# coding: koi8-r\n", None),
            (b"'\xe9'", None),
            ("coding: latin-1 = 'é'".as_bytes(), Some("coding: latin-1 = 'é'")),
        ];
        for (bytes, text) in cases {
            assert_eq!(decode(bytes).as_deref(), text);
        }
    }
}
