//! Decoded views of a string that reveal secrets regardless of their encoding.
//!
//! Secrets in a log are often encoded: with percent escapes in URLs, with backslash escapes in JSON and Python, with
//! entities in HTML, with base64 in HTTP headers, or with the color codes of `grep --color` in between. [`views`]
//! decodes a string in each of these ways, including nested encodings, and tracks each decoded byte's original
//! position. Searching every view finds all encodings of a secret in linear time.

use std::{collections::HashSet, ops::Range};

use percent_encoding::percent_decode;

/// Maximum number of nested encodings. For example, a password in a base64-encoded JSON document inside another JSON
/// document has three encodings.
const MAX_DEPTH: usize = 3;

/// Maximum number of decoded views per string. Limits the processing time for malicious input.
const MAX_VIEWS: usize = 24;

/// Maximum length of an HTML entity, such as `&#x1F600;`.
const MAX_ENTITY: usize = 10;

/// Separator byte between two decoded runs. The byte does not occur in UTF-8.
const SEPARATOR: u8 = 0xff;

/// A decoded string, with each byte's original position.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Start and end of each byte's original encoding.
    origins: Vec<(u32, u32)>,
    /// Ends of the decoded digit runs in `bytes`. Empty for other views.
    run_ends: Vec<usize>,
}

impl View {
    /// Creates a view of the undecoded string.
    fn unchanged(text: &[u8]) -> Self {
        let origins = (0..u32::try_from(text.len()).unwrap_or(u32::MAX)).map(|at| (at, at + 1)).collect();
        Self { bytes: text.to_vec(), origins, run_ends: Vec::new() }
    }

    /// Converts a range of decoded bytes to the corresponding range in the original string.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let (start, _) = self.origins[range.start];
        let (_, end) = self.origins[range.end - 1];
        start as usize..end as usize
    }

    /// Returns the original range of the digit run that encodes the byte at `at`, or `None` if the view contains no
    /// runs.
    pub(super) fn run_at(&self, at: usize) -> Option<Range<usize>> {
        let index = self.run_ends.partition_point(|end| *end <= at);
        let end = *self.run_ends.get(index)?;
        let start = if index == 0 { 0 } else { self.run_ends[index - 1] + 1 };
        Some(self.origin(start..end))
    }

    fn push(&mut self, byte: u8, origin: (u32, u32)) {
        self.bytes.push(byte);
        self.origins.push(origin);
    }

    /// Appends a separator after a decoded run so that no match can span two runs.
    fn separate(&mut self) {
        self.run_ends.push(self.bytes.len());
        let end = self.origins.last().map_or(0, |(_, end)| *end);
        self.push(SEPARATOR, (end, end));
    }

    /// Decodes all escape sequences of one kind. Returns `None` if the text contains no escape sequence of this kind.
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

    /// Decodes all runs of digits at every possible alignment. Returns `None` if the text contains no run of digits.
    ///
    /// The second view contains only decoded runs of printable text because they may contain nested encodings.
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

    /// Decodes a run of digits and appends the resulting bytes to `view`.
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

/// Returns whether bytes are printable text.
fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && std::str::from_utf8(bytes).is_ok_and(|text| {
            text.chars().all(|character| !character.is_control() || "\r\n\t".contains(character))
        })
}

/// Returns a string's decoded views that may contain a secret of at least `shortest` bytes.
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

/// Returns whether a string contains an escape character or a run of digits that is long enough to encode a secret.
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

/// The meaning of an escape sequence.
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
    /// Color codes, other terminal control sequences and control characters, which are removed.
    Terminal,
    /// Percent escapes such as `%2F`.
    Percent,
    /// Percent escapes as in HTML forms, where `+` means a space.
    Form,
    /// Backslash escapes of JSON, JavaScript, Python and Rust, such as `\"`, `\n`, `\u00e4` and `\xe4`.
    Backslash,
    /// Backslash escapes. Each `\x` escape is a byte, so `\xc3\xa4` is one character.
    BackslashBytes,
    /// HTML entities such as `&quot;`, `&#34;` and `&#x22;`.
    Html,
    /// Quotes inside quoted shell words: `'\''` or `'"'"'`.
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

    /// Returns the bytes that an escape sequence can start with.
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

    /// Decodes the escape sequence at the start of `bytes`. Returns the decoded value and the length of the
    /// sequence, or `None` if the sequence is invalid.
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

/// An encoding that represents bytes as a sequence of digits.
#[derive(Debug, Clone, Copy)]
enum Digits {
    /// Base64 in the standard or the URL-safe alphabet.
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

    /// Returns the number of consecutive digits at the start of `bytes`.
    fn run(self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| self.value(**byte).is_some()).count()
    }

    /// Returns the minimum number of digits that encode a secret of `length` bytes.
    fn min_run(self, length: usize) -> usize {
        length * 8 / self.bits() as usize
    }

    /// Returns the number of possible start positions of encoded data within a digit run.
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

/// Parses exactly two hexadecimal digits.
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

/// Decodes a Unicode escape such as `\u00e4`, or the two escapes of a surrogate pair.
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

/// Decodes an HTML entity. Supports numeric entities and named entities for special characters in HTML or URLs.
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

/// Decodes the percent escapes in a URL component.
pub(super) fn percent_decoded(part: &str) -> String {
    percent_decode(part.as_bytes()).decode_utf8_lossy().into_owned()
}
