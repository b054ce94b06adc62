//! Passwords in URLs, such as `https://user:password@host`.

use std::ops::Range;

/// Minimum length of a user name without a password that is treated as an access token.
const MIN_TOKEN: usize = 20;

/// Prefixes of access tokens that appear in URLs.
const TOKEN_PREFIXES: [&str; 8] =
    ["ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "x-token", "ATBB"];

/// Returns a URL's `user:password` component. Returns `None` if the URL contains no password.
pub(crate) fn login(url: &str) -> Option<&str> {
    let login = user_info(url, url.find("://")? + 3)?;
    url[login.clone()].contains(':').then(|| &url[login])
}

/// Returns the byte ranges of the passwords and access tokens in all URLs in a string.
///
/// Placeholders such as `{{ prefect.blocks.secret.token }}` and `$TOKEN` are not treated as secrets.
pub(super) fn passwords(text: &str) -> Vec<Range<usize>> {
    let secret_part = |(at, _): (usize, &str)| {
        let login = user_info(text, at + 3)?;
        let secret = match text[login.clone()].find(':') {
            Some(colon) => login.start + colon + 1..login.end,
            None if is_token(&text[login.clone()]) => login,
            None => return None,
        };
        (!secret.is_empty() && !is_placeholder(&text[secret.clone()])).then_some(secret)
    };
    text.match_indices("://").filter_map(secret_part).collect()
}

/// Returns the byte range of `user:password` in a URL. `start` is the position after the `://` of the URL.
fn user_info(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..];
    let is_end = |character: char| character.is_whitespace() || "\"'<>`|\\^".contains(character);
    let url = &rest[..placeholder_aware_end(rest, is_end)];
    let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
    // A password may contain an unescaped `/`. Only a number before the slash is a port.
    let has_port =
        url[..authority].rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let end = match url[..authority].rfind('@') {
        Some(end) => end,
        None if url[..authority].contains(':') && !has_port && !url[..authority].contains("{{") => {
            url.find('@')?
        }
        None => return None,
    };
    (end > 0).then(|| start..start + end)
}

/// Returns the offset of the first character after a URL. Spaces inside `{{ ... }}` and `<< ... >>` belong to the URL.
fn placeholder_aware_end(text: &str, is_end: impl Fn(char) -> bool) -> usize {
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let closing = match &text[at..] {
            rest if rest.starts_with("{{") => rest.find("}}"),
            rest if rest.starts_with("<<") => rest.find(">>"),
            _ => None,
        };
        if let Some(closing) = closing.filter(|closing| !text[at..at + closing].contains('\n')) {
            at += closing + 2;
        } else if is_end(character) {
            return at;
        } else {
            at += character.len_utf8();
        }
    }
    at
}

/// Returns whether the user name in a URL without a password may be an access token. Also matches long organization
/// names that contain a digit.
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
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn finds_the_login_of_a_url() {
        assert_eq!(login("http://me:pw@proxy:1/"), Some("me:pw"));
        assert_eq!(login("http://me@proxy:1/"), None);
        assert_eq!(login("me:pw@proxy"), None);
    }
}
