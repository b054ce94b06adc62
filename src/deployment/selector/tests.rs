use super::*;

#[test]
fn rejects_invalid_expressions() {
    for (text, expected) in [
        ("", "a condition is empty: expected `KEY:VALUE`, such as `tag:etl`"),
        ("tag:a,", "a condition is empty: expected `KEY:VALUE`, such as `tag:etl`"),
        ("!", "a condition is empty: expected `KEY:VALUE`, such as `tag:etl`"),
        (
            "etl",
            "'etl' has no key: expected `KEY:VALUE`, such as `name:etl`; valid keys: changed, file, flow, name, path, pool, tag",
        ),
        (
            "tags:etl",
            "unknown key 'tags' (did you mean 'tag'?); valid keys: changed, file, flow, name, path, pool, tag",
        ),
        (
            "tga:etl",
            "unknown key 'tga' (did you mean 'tag'?); valid keys: changed, file, flow, name, path, pool, tag",
        ),
        ("Work:etl", "unknown key 'Work'; valid keys: changed, file, flow, name, path, pool, tag"),
        ("xyz:etl", "unknown key 'xyz'; valid keys: changed, file, flow, name, path, pool, tag"),
        ("tag:", "the key 'tag' has no value"),
        ("path: ", "the key 'path' has no value"),
        ("changed:", "the key 'changed' has no value"),
        (
            "changed:...",
            "invalid pattern '...': expected `A...B`, `A..B` or `A`, where A and B are revisions",
        ),
        ("name:a/b/c", "invalid pattern 'a/b/c': expected `name` or `flow/name`"),
        ("path:a[", "invalid pattern 'a[': unclosed character class; missing ']'"),
    ] {
        assert_eq!(text.parse::<Selector>().unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn keeps_escaped_commas() {
    assert_eq!(split(r"tag:a\,b, !pool:c\d"), ["tag:a,b", r" !pool:c\d"]);
}

/// Evaluates an expression for a deployment with the tag `a` and the work pool `p`. Its flow is a template.
fn evaluate(text: &str) -> Evaluation {
    text.parse::<Selector>().unwrap().evaluate(|criterion| match criterion {
        Criterion::Tag(tag) if tag == "a" => Verdict::Match("tag 'a'".to_owned()),
        Criterion::Pool(pool) if pool == "p" => Verdict::Match("work pool 'p'".to_owned()),
        Criterion::Flow(_) => Verdict::Undecided("flow".to_owned()),
        _ => Verdict::NoMatch,
    })
}

#[test]
fn requires_all_conditions() {
    let selected = |reasons: &[&str]| Evaluation::Selected(reasons.iter().map(ToString::to_string).collect());
    let undecided = || Evaluation::Undecided(vec!["flow".to_owned()]);
    for (text, expected) in [
        ("tag:a", selected(&["tag 'a'"])),
        ("tag:a, pool:p", selected(&["tag 'a'", "work pool 'p'"])),
        ("tag:a,!pool:q", selected(&["tag 'a'", "matches '!pool:q'"])),
        ("! tag:b", selected(&["matches '! tag:b'"])),
        ("tag:a,pool:q", Evaluation::NotSelected),
        ("tag:a,!pool:p", Evaluation::NotSelected),
        ("flow:f", undecided()),
        ("!flow:f", undecided()),
        ("flow:f,tag:a", undecided()),
        ("flow:f,tag:b", Evaluation::NotSelected),
        ("!flow:f,!tag:a", Evaluation::NotSelected),
        ("changed:main,tag:a", Evaluation::Unchanged),
        ("changed:main,tag:b", Evaluation::NotSelected),
        ("!changed:main", selected(&["matches '!changed:main'"])),
    ] {
        assert_eq!(evaluate(text), expected, "{text}");
    }
}
