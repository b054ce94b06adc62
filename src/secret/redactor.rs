//! The mask over everything that is printed.

use std::{
    cmp::Reverse,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{MASK, Secret};

/// What URLs need not encode.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Variables with such names hold secrets; Buildkite's agent masks these.
const SECRET_ENDINGS: [&str; 8] = [
    "PASSWORD",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "PRIVATE_KEY",
    "ACCESS_KEY",
    "SECRET_KEY",
    "CONNECTION_STRING",
];

/// The secrets that this command has met; everything printed goes through [`Redactor::mask`].
///
/// Clones share the same set.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    secrets: Arc<RwLock<Vec<String>>>,
}

impl Redactor {
    /// Texts shorter than this are not masked: they would blank out ordinary words.
    const SHORTEST: usize = 4;
    /// The same of variables, of which only the names tell that they are secret.
    const SHORTEST_OF_VARIABLES: usize = 8;

    /// Remembers a secret, and each of its lines when it has several; and how these look in JSON, in URLs and in
    /// base64, where that is something else.
    pub(crate) fn learn(&self, secret: &Secret) {
        let text = secret.expose();
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        for part in std::iter::once(text).chain(text.lines()).flat_map(|part| [part, part.trim()]) {
            if part.trim().len() < Self::SHORTEST {
                continue;
            }
            for form in forms(part) {
                if !secrets.contains(&form) {
                    secrets.push(form);
                }
            }
        }
        // Longest first, so that a secret that contains another goes as a whole.
        secrets.sort_by_key(|secret| Reverse(secret.len()));
    }

    /// Remembers the variables whose names say that they are secret, and the logins in URLs.
    pub(crate) fn learn_variables<'a>(&self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, value) in variables {
            if is_secret_name(name) && value.len() >= Self::SHORTEST_OF_VARIABLES {
                self.learn(&Secret::new(value));
            }
            if let Some(login) = login(value) {
                self.learn(&Secret::new(login));
            }
        }
    }

    /// `text` with every known secret replaced by [`MASK`].
    pub(crate) fn mask(&self, text: &str) -> String {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret) { text.replace(secret, MASK) } else { text }
        })
    }

    /// The same for a document, which stays one: a number that is secret becomes a text.
    pub(crate) fn mask_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.mask(text).into(),
            Value::Number(number) => {
                let text = number.to_string();
                let masked = self.mask(&text);
                if masked == text { value.clone() } else { MASK.into() }
            }
            Value::Array(items) => items.iter().map(|item| self.mask_json(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(key, value)| (self.mask(key), self.mask_json(value))).collect()
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// A text as it is written here and there.
fn forms(text: &str) -> [String; 4] {
    let json = Value::from(text).to_string();
    // Without the quotes around it.
    let json = json[1..json.len() - 1].to_owned();
    let in_url = utf8_percent_encode(text, UNRESERVED).to_string();
    let base64 = STANDARD.encode(text.as_bytes());
    [text.to_owned(), json, in_url, base64]
}

/// `user:password` of a URL as it stands there. Both together: the password alone may be an ordinary word.
pub(crate) fn login(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (login, _) = authority.rsplit_once('@')?;
    login.contains(':').then_some(login)
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_ENDINGS.iter().any(|ending| {
        name.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
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
    fn whole_secrets_and_their_lines_are_masked() {
        let secrets = ["token-abc", "first line\nsecond line", "ab"];
        assert_eq!(masked(&secrets, "x token-abc y ab"), format!("x {MASK} y ab"));
        assert_eq!(masked(&secrets, "second line!"), format!("{MASK}!"));
    }

    #[test]
    fn secrets_are_masked_in_json_urls_and_base64() {
        let secret = "pass\"word/1";
        for (text, expected) in [
            (r#"{"a":"pass\"word/1"}"#, r#"{"a":"********"}"#),
            ("https://me:pass%22word%2F1@host/", "https://me:********@host/"),
            ("Basic cGFzcyJ3b3JkLzE=", "Basic ********"),
        ] {
            assert_eq!(masked(&[secret], text), expected);
        }
    }

    #[test]
    fn a_masked_document_is_a_document() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("123456"));
        redactor.learn(&Secret::new("say \"no\""));
        let document = json!({"say \"no\"": [123_456, 12, true, null, "it is 123456"]});
        assert_eq!(redactor.mask_json(&document), json!({MASK: [MASK, 12, true, null, "it is ********"]}));
    }

    #[test]
    fn variables_are_secret_by_their_names() {
        for (name, expected) in [
            ("TOKEN", true),
            ("GITHUB_TOKEN", true),
            ("github_token", true),
            ("AWS_SECRET_ACCESS_KEY", true),
            ("PREFECT_API_KEY", true),
            ("TOKENS", false),
            ("NOTOKEN", false),
            ("AWS_ACCESS_KEY_ID", false),
            ("HOME", false),
        ] {
            assert_eq!(is_secret_name(name), expected, "{name}");
        }
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
