//! Passwords in URLs, such as `https://user:password@host`.

use std::ops::Range;

/// Minimum length of a user name without a password that is treated as an access token.
const MIN_TOKEN: usize = 20;

/// Prefixes of access tokens that appear in URLs.
const TOKEN_PREFIXES: [&str; 8] =
    ["ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "x-token", "ATBB"];

/// Maximum length of `user:password` in a URL. The limit bounds the work for a string with many URLs.
const MAX_LOGIN: usize = 4096;

/// Delimiters of placeholders and expressions. A URL may contain spaces between them.
const PLACEHOLDERS: [(&str, &str); 2] = [("{{", "}}"), ("<<", ">>")];

/// Separator between the scheme and the rest of a URL.
const SCHEME_END: &str = "://";

/// Returns a URL's `user:password` component, or `None` if the URL contains no password.
pub(crate) fn login(url: &str) -> Option<&str> {
    let start = url.find(SCHEME_END)? + SCHEME_END.len();
    let end = UrlEnds::new(url).after(start);
    user_info(&url[start..end]).filter(|login| login.contains(':'))
}

/// Returns the byte ranges of the passwords and access tokens in all URLs in a string.
///
/// Placeholders such as `{{ prefect.blocks.secret.token }}` and `$TOKEN` are not treated as secrets.
pub(super) fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut ends = UrlEnds::new(text);
    let mut end = 0;
    let secret = |(at, _): (usize, &str)| {
        let start = at + SCHEME_END.len();
        // A URL inside another URL has the same end.
        if start >= end {
            end = ends.after(start);
        }
        let secret = secret_part(&text[start..end])?;
        Some(start + secret.start..start + secret.end)
    };
    text.match_indices(SCHEME_END).filter_map(secret).collect()
}

/// Returns the byte range of the password or access token in a URL without its scheme.
fn secret_part(url: &str) -> Option<Range<usize>> {
    let login = user_info(url)?;
    let secret = match login.find(':') {
        Some(colon) => colon + 1..login.len(),
        None if is_token(login) => 0..login.len(),
        None => return None,
    };
    let text = &login[secret.clone()];
    (!text.is_empty() && !is_placeholder(text)).then_some(secret)
}

/// Returns the `user:password` component of a URL without its scheme.
fn user_info(url: &str) -> Option<&str> {
    let url = &url[..url.floor_char_boundary(MAX_LOGIN)];
    let authority = url.split(['/', '?', '#']).next().unwrap_or(url);
    // A password may contain an unescaped `/`. Only a number before the slash is a port.
    let has_port =
        authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let end = match authority.rfind('@') {
        Some(end) => end,
        None if authority.contains(':') && !has_port && !authority.contains("{{") => url.find('@')?,
        None => return None,
    };
    (end > 0).then(|| &url[..end])
}

/// A search for the ends of the URLs in a string. Positions must increase from call to call, so all calls together take
/// linear time.
struct UrlEnds<'t> {
    text: &'t str,
    line_end: Next<'t>,
    closings: [Next<'t>; 2],
}

impl<'t> UrlEnds<'t> {
    fn new(text: &'t str) -> Self {
        let closings = PLACEHOLDERS.map(|(_, closing)| Next { text, pattern: closing, found: None });
        Self { text, line_end: Next { text, pattern: "\n", found: None }, closings }
    }

    /// Returns the end offset of the URL that contains the offset `start`. Spaces inside a placeholder are part of the
    /// URL.
    fn after(&mut self, start: usize) -> usize {
        let is_end = |character: char| character.is_whitespace() || "\"'<>`|\\^".contains(character);
        let mut at = start;
        while let Some(character) = self.text[at..].chars().next() {
            let opening = PLACEHOLDERS.iter().position(|(opening, _)| self.text[at..].starts_with(opening));
            let closing = opening.map(|kind| self.closings[kind].at_or_after(at));
            match closing.filter(|closing| *closing < self.line_end.at_or_after(at)) {
                Some(closing) => at = closing + 2,
                None if is_end(character) => break,
                None => at += character.len_utf8(),
            }
        }
        at
    }
}

/// A search for the occurrences of a pattern. Positions must increase from call to call, so all calls together take
/// linear time.
struct Next<'t> {
    text: &'t str,
    pattern: &'static str,
    /// Offset of the last occurrence that was found, or the length of the text if there are no more occurrences.
    found: Option<usize>,
}

impl Next<'_> {
    /// Returns the offset of the first occurrence at or after `at`, or the length of the text if no occurrence follows.
    fn at_or_after(&mut self, at: usize) -> usize {
        if let Some(found) = self.found.filter(|found| *found >= at) {
            return found;
        }
        let found = self.text[at..].find(self.pattern).map_or(self.text.len(), |offset| at + offset);
        *self.found.insert(found)
    }
}

/// Returns whether the user name in a URL without a password might be an access token. Also returns `true` for long
/// organization names that contain a digit.
fn is_token(user: &str) -> bool {
    let is_word = user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    is_word
        && (TOKEN_PREFIXES.iter().any(|prefix| user.starts_with(prefix))
            || (user.len() >= MIN_TOKEN && user.bytes().any(|byte| byte.is_ascii_digit())))
}

/// Returns whether the user name in a URL has the prefix and length of an access token. Such a name cannot be a user or
/// organization name.
pub(crate) fn has_token_prefix(user: &str) -> bool {
    user.len() >= MIN_TOKEN && TOKEN_PREFIXES.iter().any(|prefix| user.starts_with(prefix))
}

fn is_placeholder(text: &str) -> bool {
    text.starts_with('$')
        || text.contains("{{")
        || text.contains("<<")
        || text.bytes().all(|byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_limits;

    fn found(text: &str) -> Vec<&str> {
        passwords(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn finds_passwords_in_urls() {
        for (text, expected) in [
            ("https://u:pw@host/r.git", &["pw"][..]),
            ("clone https://u:p%40w@host:8080/x and postgresql+asyncpg://me:a:b@db/x", &["p%40w", "a:b"]),
            ("\"redis://:pw@host\"", &["pw"]),
            ("postgres://u:pa/ss@host/db", &["pa/ss"]),
            ("postgres://u:p@ss@host/db", &["p@ss"]),
            ("https://ghp_abcdef@github.com/a/b", &["ghp_abcdef"]),
            ("https://0123456789abcdefghijklmnop@dev.azure.com/o", &["0123456789abcdefghijklmnop"]),
            ("https://organisation@dev.azure.com/organisation/p", &[]),
            ("ssh://git@github.com/a/b", &[]),
            ("http://host:8080/users/@me", &[]),
            ("https://host/a?mail=x@y", &[]),
            ("https://u:{{ prefect.blocks.secret.pat }}@host/r", &[]),
            ("https://u:$TOKEN@host https://u:<< env.TOKEN >>@host https://{{ step.token }}@host", &[]),
            ("https://", &[]),
            ("no url: me@host", &[]),
            ("https://u:{{ a b }}c@host https://u:{{ a@b", &[]),
            ("https://u:p<< a\nb >>w@host", &[]),
            ("https://x?to=https://u:pw@host", &["pw"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn takes_linear_time() {
        for part in ["://", "://a:b/", "://{{ ", "://<<", "{{", "://u:p@h "] {
            let text = format!("://{}\n}}}}>>", part.repeat(200_000));
            test_limits::within_limits(|| passwords(&text));
        }
    }

    #[test]
    fn finds_the_login_of_a_url() {
        assert_eq!(login("http://me:pw@proxy:1/"), Some("me:pw"));
        assert_eq!(login("http://me@proxy:1/"), None);
        assert_eq!(login("me:pw@proxy"), None);
    }
}
