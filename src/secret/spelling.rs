//! Decoded views of a text: the spellings in which a secret may appear in output.
//!
//! A secret in a log is rarely spelled as it was learned. URLs encode it in percent escapes, JSON and Python in
//! backslash escapes, HTML in entities, HTTP headers in base64, and `grep --color` inserts color codes.
//! [`views`] decodes a text in every such way, also in several ways after another, and remembers where each decoded
//! byte comes from. A search in each view then finds every spelling in linear time.

use std::{collections::HashSet, ops::Range};

use percent_encoding::percent_decode;

/// Maximum number of nested encodings, such as a password in JSON, in base64, in JSON.
const MAX_DEPTH: usize = 3;

/// Maximum number of views of one text. It bounds the work on hostile texts.
const MAX_VIEWS: usize = 24;

/// Maximum length of an HTML entity, such as `&#x1F600;`.
const MAX_ENTITY: usize = 10;

/// A decoded text, with the position of each byte in the original text.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Start and end of the original spelling of each byte.
    origins: Vec<(u32, u32)>,
}

impl View {
    /// Returns the view of a text without any decoding.
    fn unchanged(text: &[u8]) -> Self {
        let origins = (0..u32::try_from(text.len()).unwrap_or(u32::MAX)).map(|at| (at, at + 1)).collect();
        Self { bytes: text.to_vec(), origins }
    }

    /// Returns the original range of a range of decoded bytes.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let (start, _) = self.origins[range.start];
        let (_, end) = self.origins[range.end - 1];
        start as usize..end as usize
    }

    fn push(&mut self, byte: u8, origin: (u32, u32)) {
        self.bytes.push(byte);
        self.origins.push(origin);
    }

    /// Marks the end of a decoded run, so that no match spans two runs.
    fn separate(&mut self) {
        let end = self.origins.last().map_or(0, |(_, end)| *end);
        self.push(0xff, (end, end));
    }

    /// Returns the view with every escape sequence decoded, or `None` if there are none.
    fn decoded(&self, escape: Escape) -> Option<Self> {
        let mut view = Self::default();
        let mut at = 0;
        let mut is_changed = false;
        while let Some(byte) = self.bytes.get(at) {
            if escape.markers().contains(byte)
                && let Some((decoded, length)) = escape.decode(&self.bytes[at..])
            {
                let origin = (self.origins[at].0, self.origins[at + length - 1].1);
                decoded.as_bytes().iter().for_each(|byte| view.push(*byte, origin));
                at += length;
                is_changed = true;
            } else {
                view.push(*byte, self.origins[at]);
                at += 1;
            }
        }
        is_changed.then_some(view)
    }

    /// Returns every run of digits, decoded at every alignment, or `None` if there are none.
    ///
    /// The second view has only the runs that are text, which may be encoded once more.
    fn digits(&self, digits: Digits, shortest: usize) -> Option<(Self, Self)> {
        let (mut all, mut texts) = (Self::default(), Self::default());
        let mut at = 0;
        while at < self.bytes.len() {
            let run = digits.run(&self.bytes[at..]);
            if run >= digits.min_run(shortest) {
                for skipped in 0..digits.alignments() {
                    let before = all.bytes.len();
                    self.decode_run(digits, at + skipped..at + run, &mut all);
                    if is_text(&all.bytes[before..]) {
                        texts.bytes.extend_from_slice(&all.bytes[before..]);
                        texts.origins.extend_from_slice(&all.origins[before..]);
                        texts.separate();
                    }
                    all.separate();
                }
            }
            at += run.max(1);
        }
        (!all.bytes.is_empty()).then_some((all, texts))
    }

    /// Decodes a run of digits and appends the bytes.
    fn decode_run(&self, digits: Digits, run: Range<usize>, view: &mut Self) {
        let (mut bits, mut count, mut first) = (0_u32, 0, run.start);
        for at in run {
            bits = bits << digits.bits() | u32::from(digits.value(self.bytes[at]).unwrap_or_default());
            count += digits.bits();
            if count >= 8 {
                count -= 8;
                let byte = u8::try_from(bits >> count & 0xff).unwrap_or_default();
                view.push(byte, (self.origins[first].0, self.origins[at].1));
                first = if count == 0 { at + 1 } else { at };
                bits &= (1 << count) - 1;
            }
        }
    }
}

/// Checks whether bytes are printable text.
fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && std::str::from_utf8(bytes).is_ok_and(|text| {
            text.chars().all(|character| !character.is_control() || "\r\n\t".contains(character))
        })
}

/// Returns the decoded views of a text that may contain a secret of at least `shortest` bytes.
pub(super) fn views(text: &str, shortest: usize) -> Vec<View> {
    if !may_be_encoded(text.as_bytes(), shortest) {
        return Vec::new();
    }
    let mut searched = Vec::new();
    let mut seen = HashSet::from([text.as_bytes().to_vec()]);
    let mut open = vec![View::unchanged(text.as_bytes())];
    for _ in 0..MAX_DEPTH {
        let mut next = Vec::new();
        for view in &open {
            let escaped = Escape::ALL.into_iter().filter_map(|escape| view.decoded(escape));
            next.extend(escaped.filter(|view| seen.insert(view.bytes.clone())));
            for (all, texts) in Digits::ALL.into_iter().filter_map(|digits| view.digits(digits, shortest)) {
                searched.push(all);
                next.extend(
                    Some(texts).filter(|view| !view.bytes.is_empty() && seen.insert(view.bytes.clone())),
                );
            }
            if searched.len() + next.len() >= MAX_VIEWS {
                break;
            }
        }
        searched.extend(open);
        open = next;
    }
    searched.extend(open);
    searched
}

/// Checks whether a text has an escape character, or a run of digits that is long enough for a secret.
fn may_be_encoded(text: &[u8], shortest: usize) -> bool {
    let has_run = |digits: Digits| {
        let mut rest = text;
        while !rest.is_empty() {
            let run = digits.run(rest);
            if run >= digits.min_run(shortest) {
                return true;
            }
            rest = &rest[run.max(1)..];
        }
        false
    };
    Escape::ALL.iter().any(|escape| text.iter().any(|byte| escape.markers().contains(byte)))
        || Digits::ALL.into_iter().any(has_run)
}

/// The decoded form of one escape sequence.
enum Decoded {
    Nothing,
    Byte(u8),
    Character([u8; 4], usize),
}

impl Decoded {
    fn character(character: char) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Self::Character(bytes, length)
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Nothing => &[],
            Self::Byte(byte) => std::slice::from_ref(byte),
            Self::Character(bytes, length) => &bytes[..*length],
        }
    }
}

/// A kind of escape sequence.
#[derive(Debug, Clone, Copy)]
enum Escape {
    /// Color codes, other terminal control sequences and control characters. They are removed.
    Terminal,
    /// Percent escapes: `%2F`.
    Percent,
    /// Percent escapes, and `+` for a space, as in HTML forms.
    Form,
    /// Backslash escapes of JSON, JavaScript, Python and Rust: `\"`, `\n`, `\u00e4` and `\xe4`.
    Backslash,
    /// Backslash escapes in which `\xc3\xa4` are the bytes of one character.
    BackslashBytes,
    /// HTML entities: `&quot;`, `&#34;` and `&#x22;`.
    Html,
    /// Quotes inside quoted shell words: `'\''` and `'"'"'`.
    Shell,
}

impl Escape {
    const ALL: [Self; 7] = [
        Self::Terminal,
        Self::Percent,
        Self::Form,
        Self::Backslash,
        Self::BackslashBytes,
        Self::Html,
        Self::Shell,
    ];

    /// Returns the bytes that can start an escape sequence.
    fn markers(self) -> &'static [u8] {
        match self {
            Self::Terminal => b"\x1b\xc2\0\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\r\x0e\x0f\x7f",
            Self::Percent => b"%",
            Self::Form => b"%+",
            Self::Backslash | Self::BackslashBytes => b"\\",
            Self::Html => b"&",
            Self::Shell => b"'",
        }
    }

    /// Decodes the escape sequence at the start of `bytes`. Returns its meaning and its length.
    fn decode(self, bytes: &[u8]) -> Option<(Decoded, usize)> {
        match self {
            Self::Terminal => Some((Decoded::Nothing, control_sequence(bytes)?)),
            Self::Percent => Some((Decoded::Byte(hex_byte(bytes.get(1..3)?)?), 3)),
            Self::Form if bytes[0] == b'+' => Some((Decoded::Byte(b' '), 1)),
            Self::Form => Self::Percent.decode(bytes),
            Self::Backslash => backslash(bytes),
            Self::BackslashBytes => match bytes.get(1..4)? {
                [b'x', digits @ ..] => Some((Decoded::Byte(hex_byte(digits)?), 4)),
                _ => backslash(bytes),
            },
            Self::Html => html_entity(bytes),
            Self::Shell => {
                let quotes: [&[u8]; 2] = [br"'\''", br#"'"'"'"#];
                let found = quotes.into_iter().find(|quote| bytes.starts_with(quote))?;
                Some((Decoded::Byte(b'\''), found.len()))
            }
        }
    }
}

/// An encoding of bytes as digits.
#[derive(Debug, Clone, Copy)]
enum Digits {
    /// Base64 in the standard and the URL-safe alphabet.
    Base64,
    Hexadecimal,
}

impl Digits {
    const ALL: [Self; 2] = [Self::Base64, Self::Hexadecimal];

    fn bits(self) -> u32 {
        match self {
            Self::Base64 => 6,
            Self::Hexadecimal => 4,
        }
    }

    /// Returns the number of digits at the start of `bytes`.
    fn run(self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| self.value(**byte).is_some()).count()
    }

    /// Returns the minimum number of digits of a secret of `length` bytes.
    fn min_run(self, length: usize) -> usize {
        length * 8 / self.bits() as usize
    }

    /// Returns the number of possible alignments of a run of digits.
    fn alignments(self) -> usize {
        match self {
            Self::Base64 => 4,
            Self::Hexadecimal => 2,
        }
    }

    fn value(self, digit: u8) -> Option<u8> {
        match (self, digit) {
            (Self::Base64, b'A'..=b'Z') => Some(digit - b'A'),
            (Self::Base64, b'a'..=b'z') => Some(digit - b'a' + 26),
            (Self::Base64, b'0'..=b'9') => Some(digit - b'0' + 52),
            (Self::Base64, b'+' | b'-') => Some(62),
            (Self::Base64, b'/' | b'_') => Some(63),
            (Self::Hexadecimal, _) => u8::try_from(char::from(digit).to_digit(16)?).ok(),
            _ => None,
        }
    }
}

/// Parses two hexadecimal digits.
fn hex_byte(digits: &[u8]) -> Option<u8> {
    match digits {
        [_, _] => u8::try_from(hex_number(digits)?).ok(),
        _ => None,
    }
}

fn hex_number(digits: &[u8]) -> Option<u32> {
    let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
    u32::from_str_radix(text, 16).ok()
}

/// Returns the length of the terminal control sequence or control character at the start of `bytes`.
fn control_sequence(bytes: &[u8]) -> Option<usize> {
    let (start, introducer) = match bytes {
        [0x1b, introducer, ..] => (2, *introducer),
        [0xc2, introducer @ 0x80..=0x9f, ..] => (2, introducer - 0x40),
        [0xc2, ..] => return None,
        _ => return Some(1),
    };
    let rest = &bytes[start..];
    let count = |is_part: fn(&u8) -> bool| rest.iter().take_while(|byte| is_part(byte)).count();
    let length = match introducer {
        b'[' => count(|byte| (0x20..=0x3f).contains(byte)) + 1,
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let text = count(|byte| *byte != 0x07 && *byte != 0x1b);
            text + if rest.get(text) == Some(&0x1b) { 2 } else { 1 }
        }
        0x20..=0x2f => count(|byte| (0x20..=0x2f).contains(byte)) + 1,
        _ => 0,
    };
    Some((start + length).min(bytes.len()))
}

/// Decodes a backslash escape of JSON, JavaScript, Python or Rust.
fn backslash(bytes: &[u8]) -> Option<(Decoded, usize)> {
    let number = |digits: &[u8]| Some(Decoded::character(char::from_u32(hex_number(digits)?)?));
    let simple = |byte| Some((Decoded::Byte(byte), 2));
    match *bytes.get(1)? {
        b'n' => simple(b'\n'),
        b't' => simple(b'\t'),
        b'r' => simple(b'\r'),
        b'b' => simple(0x08),
        b'f' => simple(0x0c),
        b'x' => Some((number(bytes.get(2..4)?)?, 4)),
        b'U' => Some((number(bytes.get(2..10)?)?, 10)),
        b'u' if bytes.get(2) == Some(&b'{') => {
            let length = bytes[3..].iter().take(7).position(|byte| *byte == b'}')?;
            Some((number(&bytes[3..3 + length])?, length + 4))
        }
        b'u' => unicode_escape(bytes),
        other if other.is_ascii_punctuation() || other == b' ' => simple(other),
        _ => None,
    }
}

/// Decodes `\u00e4`, or the two escapes of a surrogate pair.
fn unicode_escape(bytes: &[u8]) -> Option<(Decoded, usize)> {
    let first = hex_number(bytes.get(2..6)?)?;
    if let Some(character) = char::from_u32(first) {
        return Some((Decoded::character(character), 6));
    }
    let second = bytes.get(6..12)?.strip_prefix(br"\u").and_then(hex_number)?;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let character = char::decode_utf16(pair).next()?.ok()?;
    Some((Decoded::character(character), 12))
}

/// Decodes a numeric HTML entity, or one of the entities for characters with a meaning in HTML and URLs.
fn html_entity(bytes: &[u8]) -> Option<(Decoded, usize)> {
    let length = bytes.iter().take(MAX_ENTITY).position(|byte| *byte == b';')?;
    let character = match &bytes[1..length] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        b"sol" => '/',
        b"nbsp" => '\u{a0}',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex_number(digits)?)?,
        [b'#', digits @ ..] => char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
        _ => return None,
    };
    Some((Decoded::character(character), length + 1))
}

/// Decodes the percent escapes of a part of a URL.
pub(super) fn percent_decoded(part: &str) -> String {
    percent_decode(part.as_bytes()).decode_utf8_lossy().into_owned()
}
