//! Redacts secrets in output.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use aho_corasick::{AhoCorasick, MatchKind};
use indexmap::IndexSet;
use serde_json::Value;

use super::{
    MASK, Secret,
    names::is_secret_variable,
    spelling::{self, percent_decoded},
    url,
};

/// Common words used as passwords. Such a password is only masked if it is preceded by its user name.
const COMMON_WORDS: [&str; 8] =
    ["password", "prefect", "postgres", "secret", "changeme", "default", "x-access-token", "x-oauth-basic"];

/// Number of bytes to decode at a time. Chunks contain whole lines.
const CHUNK: usize = 32 * 1024;

/// Length of a secret's pieces in bytes. Pieces are recognized in base64 and hexadecimal digits.
///
/// Tools such as `base64` and `xxd -p` wrap their output, so each line contains only a piece of a long
/// secret.
const PIECE: usize = 16;

/// Distance in bytes between the starts of two pieces. With this distance, a line of 30 bytes contains at
/// least one complete piece.
const PIECE_DISTANCE: usize = 15;

/// Maximum number of a secret's bytes that are split into pieces.
const LONGEST_SPLIT: usize = 64 * 1024;

/// The set of secrets to redact. All output passes through [`Redactor::mask`].
///
/// Clones share the same set of secrets.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    secrets: Arc<RwLock<Secrets>>,
}

#[derive(Default)]
struct Secrets {
    texts: IndexSet<String>,
    /// Search for all strings in `texts`. `None` if a string has been added since the search was built.
    search: Option<Arc<Search>>,
}

/// A search for a set of secrets.
struct Search {
    automaton: AhoCorasick,
    /// Search for the pieces of long secrets.
    pieces: AhoCorasick,
    /// Length of the shortest secret or piece in bytes.
    shortest: usize,
}

impl Redactor {
    /// Minimum length of a masked secret. A shorter secret could occur in an ordinary word.
    const SHORTEST: usize = 4;
    /// Minimum length of a URL password that is masked even if it is not preceded by its user name.
    const SHORTEST_PASSWORD: usize = 6;
    /// Minimum number of digits in a masked number. Shorter numbers are too common in ordinary output.
    const SHORTEST_NUMBER: usize = 4;
    /// Minimum length of a secret that is only recognized by its environment variable's name.
    const SHORTEST_OF_VARIABLES: usize = 8;

    /// Registers a secret and each of its lines. If the secret has the form `user:password` or is a URL, also registers
    /// the password.
    pub(crate) fn learn(&self, secret: &Secret) {
        let text = secret.expose();
        let lines = std::iter::once(text).chain(text.lines()).flat_map(|part| [part, part.trim()]);
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        for part in lines.filter(|part| part.trim().len() >= Self::SHORTEST) {
            secrets.add(part.to_owned());
        }
        for password in passwords(text) {
            if password.len() >= Self::SHORTEST_PASSWORD && !COMMON_WORDS.contains(&password.as_str()) {
                secrets.add(password);
            }
        }
    }

    /// Registers all strings and long numbers in a value as secrets.
    pub(crate) fn learn_value(&self, value: &Value) {
        match value {
            Value::String(text) => self.learn(&Secret::new(text.as_str())),
            Value::Number(number) => {
                let number = number.to_string();
                if number.chars().filter(char::is_ascii_digit).count() >= Self::SHORTEST_NUMBER {
                    self.learn(&Secret::new(number));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_value(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.learn_value(field)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Registers the values of all variables whose names suggest a secret, and the credentials in variables that
    /// contain URLs.
    pub(crate) fn learn_variables<'a>(&self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, value) in variables {
            if is_secret_variable(name) && value.len() >= Self::SHORTEST_OF_VARIABLES {
                self.learn(&Secret::new(value));
            }
            if let Some(login) = url::login(value) {
                self.learn(&Secret::new(login));
            }
        }
    }

    /// Replaces all known secrets with [`MASK`], in every common encoding. Also masks the passwords in URLs.
    pub(crate) fn mask(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        for range in self.secret_ranges(text) {
            masked.push_str(&text[end..range.start]);
            masked.push_str(MASK);
            end = range.end;
        }
        masked.push_str(&text[end..]);
        masked
    }

    /// Replaces each character in a secret with `*` without changing the positions of other characters.
    pub(crate) fn blank(&self, text: &str) -> String {
        let mut blanked = String::with_capacity(text.len());
        let mut end = 0;
        for range in self.secret_ranges(text) {
            blanked.push_str(&text[end..range.start]);
            blanked.extend(text[range.clone()].chars().map(|_| '*'));
            end = range.end;
        }
        blanked.push_str(&text[end..]);
        blanked
    }

    /// Masks a JSON document's values and all keys that are not plain lowercase names.
    ///
    /// Preserves the document structure, but converts secret numbers to strings.
    pub(crate) fn mask_json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.mask_owned(text).into(),
            Value::Number(number) if self.has_secret(&number.to_string()) => MASK.into(),
            Value::Array(items) => items.into_iter().map(|item| self.mask_json(item)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (self.mask_key(name), self.mask_json(value))).collect()
            }
            other => other,
        }
    }

    /// Masks the secrets in a key. A plain lowercase name is returned unchanged.
    pub(super) fn mask_key(&self, key: String) -> String {
        if is_field_name(&key) { key } else { self.mask_owned(key) }
    }

    /// Masks the secrets in a string. A string without secrets is not copied.
    fn mask_owned(&self, text: String) -> String {
        if self.has_secret(&text) { self.mask(&text) } else { text }
    }

    fn has_secret(&self, text: &str) -> bool {
        !self.secret_ranges(text).is_empty()
    }

    /// Returns the byte ranges of all secrets in a string, sorted and without overlaps.
    fn secret_ranges(&self, text: &str) -> Vec<Range<usize>> {
        let mut ranges = url::passwords(text);
        if let Some(search) = self.search() {
            let matches = |bytes: &[u8]| {
                search.automaton.find_overlapping_iter(bytes).map(|found| found.range()).collect::<Vec<_>>()
            };
            ranges.extend(matches(text.as_bytes()));
            for (start, chunk) in chunks(text) {
                for view in spelling::views(chunk, search.shortest) {
                    let pieces = search.pieces.find_iter(&view.bytes);
                    let runs = pieces.filter_map(|piece| view.run_at(piece.start()));
                    let found = matches(&view.bytes).into_iter().map(|range| view.origin(range)).chain(runs);
                    ranges.extend(
                        found.map(|range| whole_characters(text, start + range.start..start + range.end)),
                    );
                }
            }
        }
        merged(ranges)
    }

    /// Returns the search for all known secrets, or `None` if no secrets are known. Builds the search if necessary.
    fn search(&self) -> Option<Arc<Search>> {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        if secrets.texts.is_empty() || secrets.search.is_some() {
            return secrets.search.clone();
        }
        drop(secrets);
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        let pieces: Vec<&[u8]> = secrets.texts.iter().flat_map(|text| pieces(text.as_bytes())).collect();
        let lengths = secrets.texts.iter().map(String::len).chain(pieces.iter().map(|piece| piece.len()));
        let shortest = lengths.min().unwrap_or_default();
        // Building a search fails only for gigabytes of secrets.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&secrets.texts);
        let built = automaton.and_then(|automaton| {
            Ok(Arc::new(Search { automaton, pieces: AhoCorasick::new(pieces)?, shortest }))
        });
        secrets.search = built.ok();
        secrets.search.clone()
    }
}

impl Secrets {
    fn add(&mut self, text: String) {
        if self.texts.insert(text) {
            self.search = None;
        }
    }
}

/// Returns the pieces of a secret. Returns no pieces for a short secret.
fn pieces(secret: &[u8]) -> impl Iterator<Item = &[u8]> {
    let secret = &secret[..secret.len().min(LONGEST_SPLIT)];
    let last = secret.len().checked_sub(PIECE).filter(|last| *last > 0);
    let starts = last.into_iter().flat_map(|last| (0..last).step_by(PIECE_DISTANCE).chain([last]));
    starts.map(move |start| &secret[start..start + PIECE])
}

/// Returns the password in a `user:password` secret or URL, both as written and with decoded percent escapes.
fn passwords(secret: &str) -> Vec<String> {
    let login = url::login(secret).unwrap_or(secret);
    let is_login = !login.contains(char::is_whitespace) && !login.contains("://");
    let Some((user, password)) = login.split_once(':').filter(|_| is_login) else { return Vec::new() };
    if password == user { Vec::new() } else { vec![password.to_owned(), percent_decoded(password)] }
}

/// Splits a string into chunks of whole lines. Returns each chunk with its byte offset.
fn chunks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &text[start..];
        let least = rest.floor_char_boundary(CHUNK);
        let end = rest[least..].find('\n').map_or(rest.len(), |at| least + at + 1);
        let chunk = (start, &rest[..end]);
        start += end;
        (!rest.is_empty()).then_some(chunk)
    })
}

/// Extends a byte range so that it does not split characters.
fn whole_characters(text: &str, range: Range<usize>) -> Range<usize> {
    text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end)
}

/// Sorts ranges and merges overlapping ranges.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Returns whether a key is a plain name, like the field names in prefectl's JSON documents.
fn is_field_name(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(secrets: &[&str], text: &str) -> String {
        let redactor = Redactor::default();
        secrets.iter().for_each(|secret| redactor.learn(&Secret::new(*secret)));
        redactor.mask(text)
    }

    #[test]
    fn masks_secrets_and_their_lines() {
        let secrets = ["token-abc", "first line\nsecond line", "ab"];
        assert_eq!(masked(&secrets, "x token-abc y ab"), format!("x {MASK} y ab"));
        assert_eq!(masked(&secrets, "second line!"), format!("{MASK}!"));
    }

    #[test]
    fn masks_secrets_in_json_urls_and_base64() {
        let secret = "pass\"word/1";
        for (text, expected) in [
            (r#"{"a":"pass\"word/1"}"#, r#"{"a":"********"}"#),
            ("https://me:pass%22word%2F1@host/", "https://me:********@host/"),
            ("Basic cGFzcyJ3b3JkLzE=", "Basic ********="),
        ] {
            assert_eq!(masked(&[secret], text), expected);
        }
    }

    #[test]
    fn masks_the_password_of_a_login() {
        assert_eq!(masked(&["admin:CANARYAUTH2"], "is CANARYAUTH2"), format!("is {MASK}"));
        let url = "postgres://me:p%40ssw0rd@db/x";
        assert_eq!(masked(&[url], "p%40ssw0rd p@ssw0rd"), format!("{MASK} {MASK}"));
    }

    #[test]
    fn masks_undeclared_passwords_in_urls() {
        let text = "git clone https://me:0123@host/r.git";
        assert_eq!(masked(&[], text), format!("git clone https://me:{MASK}@host/r.git"));
    }

    #[test]
    fn blanking_keeps_the_columns() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2\u{e4}"));
        assert_eq!(redactor.blank("a hunter2\u{e4} b"), "a ******** b");
    }

    #[test]
    fn overlapping_secrets_are_masked_as_one() {
        assert_eq!(masked(&["abcdef", "defghi"], "xabcdefghix"), format!("x{MASK}x"));
    }

    #[test]
    fn masked_documents_stay_valid() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("123456"));
        redactor.learn(&Secret::new("say \"no\""));
        let document = json!({"say \"no\"": [123_456, 12, true, null, "it is 123456"]});
        assert_eq!(redactor.mask_json(document), json!({MASK: [MASK, 12, true, null, "it is ********"]}));
        redactor.learn(&Secret::new("deployments"));
        assert_eq!(redactor.mask_json(json!({"deployments": "deployments"})), json!({"deployments": MASK}));
    }

    #[test]
    fn learns_secrets_from_variables() {
        let redactor = Redactor::default();
        let variables =
            [("A_TOKEN", "0123456789"), ("B_TOKEN", "short"), ("HTTPS_PROXY", "http://me:password@proxy:1/")];
        redactor.learn_variables(variables);
        assert_eq!(
            redactor.mask("0123456789 short password http://me:password@proxy"),
            format!("{MASK} short password http://{MASK}@proxy")
        );
    }
}
