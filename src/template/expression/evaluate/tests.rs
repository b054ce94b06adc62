use proptest::prelude::*;

use super::*;
use crate::{
    environment::Environment,
    template::expression::{ExpressionProblem, check},
};

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn scope() -> Scope {
    let environment: Environment = [("STAGE", "prod"), ("EMPTY", "")].into_iter().collect();
    let outputs = yaml(
        "
        build-image: {image: 'repo/flows:abc', tags: [a, b], size: 5}
        image: repo/flows:abc
        git: an output that is hidden
        ",
    );
    Scope::new(&environment)
        .with(
            "git",
            &yaml("{sha: 0123abcd, short_sha: 0123, branch: feature/New_Thing, tag: null, dirty: false}"),
        )
        .with("flow", &yaml("{name: hello}"))
        .with("deployment", &yaml("{name: nightly}"))
        .with("variables", &yaml("{region: eu, limit: 3}"))
        .with_outputs(outputs.as_mapping().unwrap())
}

fn evaluated(template: &str) -> Result<Value, Vec<ExpressionError>> {
    evaluate(&Value::from(template), &scope(), &BTreeSet::new())
}

#[test]
fn evaluates_common_expressions() {
    for (template, expected) in [
        ("<< build-image.image >>", "repo/flows:abc"),
        ("image:<< git.short_sha >>-<< git.branch | slugify >>", "'image:0123-feature-new-thing'"),
        ("<< git.tag or git.short_sha >>", "'0123'"),
        ("<< env.STAGE | upper >>", "PROD"),
        ("<< env.REGION | default(\"eu-west-1\") >>", "eu-west-1"),
        ("<< variables.limit * 2 >>", "6"),
        ("<< build-image.tags + [env.STAGE] >>", "[a, b, prod]"),
        (
            "<< {\"IMAGE\": build-image.image, \"DEBUG\": env.STAGE != \"prod\"} >>",
            "{IMAGE: 'repo/flows:abc', DEBUG: false}",
        ),
        ("--config << build-image.tags | tojson >>", "'--config [\"a\",\"b\"]'"),
        ("<< \"dirty\" if git.dirty else \"clean\" >>", "clean"),
        ("<< flow.name >>/<< deployment.name | replace(\"nightly\", \"daily\") >>", "hello/daily"),
        ("<< (flow.name ~ \":x\") | b64encode >>", "aGVsbG86eA=="),
        ("<< \" a \" | trim >>", "a"),
        ("cat << EOF >> out", "cat << EOF >> out"),
        ("a << \"<<\" >> b", "a << b"),
    ] {
        assert_eq!(evaluated(template), Ok(yaml(expected)), "{template}");
    }
}

/// Each line of the list in `templates.md` consists of an expression, at least two spaces and the expected
/// result.
#[test]
fn evaluates_the_documented_examples() {
    let page = include_str!("../../../../docs/src/templates.md");
    let (_, list) = page.split_once("and a step `build-image`:\n\n```text\n").unwrap();
    let (list, _) = list.split_once("```").unwrap();
    let examples: Vec<_> = list.lines().filter_map(|line| line.trim().split_once("  ")).collect();
    assert_eq!(examples.len(), 10);
    for (template, shown) in examples {
        let value = evaluated(template).unwrap();
        let expected = if value.is_string() { Value::from(shown.trim()) } else { yaml(shown.trim()) };
        assert_eq!(value, expected, "{template}");
    }
}

#[test]
fn keeps_the_type_of_a_single_expression() {
    let template =
        yaml("{a: [<< build-image.size >>, 'x << build-image.size >>'], << image >>: << git.tag >>, b: 1}");
    let expected = yaml("{a: [5, x 5], << image >>: null, b: 1}");
    assert_eq!(evaluate(&template, &scope(), &BTreeSet::new()), Ok(expected));
}

#[test]
fn errors_have_a_place_and_a_suggestion() {
    for (template, range, message, help) in [
        ("<< imgae >>", 3..8, "`imgae` is not defined", "did you mean `image`?"),
        ("a << build-imag.image >>", 5..21, "`build-imag` is not defined", "did you mean `build-image`?"),
        (
            "<< build-image.imag >>",
            3..19,
            "`build-image.imag` is not defined",
            "did you mean `build-image.image`?",
        ),
        ("<< git.brnch == 'main' >>", 3..12, "`git.brnch` is not defined", "did you mean `git.branch`?"),
        (
            "<< env.NOPE >>",
            3..11,
            "`env.NOPE` is not defined",
            "use `| default(\"...\")` if the name may be undefined",
        ),
        ("<< image | lowr >>", 11..15, "unknown filter `lowr`", "did you mean `lower`?"),
        (
            "x<< git.tag >>",
            1..14,
            "`git.tag` is null, which cannot be embedded in a string",
            "use `| default(\"...\", true)` to replace null with a string",
        ),
        (
            "x<< build-image >>",
            1..18,
            "`build-image` is a mapping, which cannot be embedded in a string",
            "use `| tojson` to format the value as JSON",
        ),
    ] {
        let errors = evaluated(template).unwrap_err();
        assert_eq!(errors.len(), 1, "{template}");
        let error = &errors[0];
        assert_eq!((error.range.clone(), error.to_string().as_str()), (range, message), "{template}");
        assert_eq!(error.problem.help(), help, "{template}");
    }
}

#[test]
fn rejects_invalid_syntax() {
    for template in ["<< >>", "<< a b >>", "<< it's >>", "<< slugify( >>", "<< 1 + >>"] {
        let errors = evaluated(template).unwrap_err();
        assert!(matches!(errors[0].problem, ExpressionProblem::Syntax { .. }), "{template}: {errors:?}");
    }
    for template in ["<< build-image.tags[9] >>", "<< git.dirty + [1] >>"] {
        let errors = evaluated(template).unwrap_err();
        assert!(matches!(errors[0].problem, ExpressionProblem::Failed { .. }), "{template}: {errors:?}");
    }
}

#[test]
fn rejects_integers_that_do_not_fit_into_64_bits() {
    for template in [
        "2 ** 64",
        "[1, [18446744073709551615 + 1]]",
        "{'a': {'b': -9223372036854775808 - 1}}",
        "[18446744073709551616] | map('abs')",
    ] {
        let errors = evaluated(&format!("<< {template} >>")).unwrap_err();
        let expected = format!("`{template}` cannot be evaluated: an integer does not fit in 64 bits");
        assert_eq!(errors[0].to_string(), expected);
    }
    let limits = "[18446744073709551615, -9223372036854775808]";
    assert_eq!(evaluated("<< [18446744073709551614 + 1, -9223372036854775807 - 1] >>"), Ok(yaml(limits)));
    assert_eq!(evaluated("n<< 2 ** 64 >>"), Ok(yaml("n18446744073709551616")));
}

#[test]
fn returns_all_errors_with_their_paths() {
    let template = yaml("{tags: [ok, << nope1 >>], env: {A: 'x << nope2 >> << nope3 >>'}}");
    let errors = evaluate(&template, &scope(), &BTreeSet::new()).unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| error.path.to_string()).collect();
    assert_eq!(places, ["tags[1]", "env.A", "env.A"]);
}

#[test]
fn keeps_strings_that_use_later_names() {
    let template =
        yaml("{a: '<< git.short_sha >>', b: '<< git.short_sha >>-<< push-it.digest >>', c: << push-it >>}");
    let later = BTreeSet::from(["push-it".to_owned()]);
    let first = evaluate(&template, &scope(), &later).unwrap();
    assert_eq!(first, yaml("{a: '0123', b: '<< git.short_sha >>-<< push-it.digest >>', c: << push-it >>}"));
    let scope = scope().with("push-it", &yaml("{digest: d1}"));
    assert_eq!(
        evaluate(&first, &scope, &BTreeSet::new()),
        Ok(yaml("{a: '0123', b: 0123-d1, c: {digest: d1}}"))
    );
}

#[test]
fn checks_expressions_without_values() {
    let known = ["env", "git", "variables", "build-image"].map(str::to_owned).into_iter().collect();
    let template = yaml(
        "{a: '<< build-image.image >> << variables.region >>', b: ['<< gitt.sha >>'], c: '<< 1 + >>', d: << x | d(1) >>}",
    );
    let checked = check(&template, &known);
    let uses: Vec<_> = checked
        .uses
        .iter()
        .map(|name| format!("{}: {}.{}", name.path, name.root, name.keys.join(".")))
        .collect();
    assert_eq!(uses, ["a: build-image.image", "a: variables.region", "b[0]: gitt.sha", "d: x."]);
    let errors: Vec<_> =
        checked.errors.iter().map(|error| (error.path.to_string(), error.range.clone())).collect();
    assert_eq!(errors, [("b[0]".to_owned(), 3..7), ("c".to_owned(), 0..9)]);
    assert_eq!(checked.errors[0].problem.help(), "did you mean `git`?");
}

#[test]
fn limits_time_and_memory() {
    for template in [
        "<< range(10000)|join('x'*100000) >>",
        "<< env.STAGE|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson|tojson >>",
        "<< 'x'|indent(1000000000) >>",
        "<< '%1000000000d'|format(1) >>",
        "<< 'x' * 100000000 >>",
        "<< [[[[0]*1000]*1000]*1000]*1000 >>",
        "<< [[[[0]*1000]*1000]*1000]*1000 | tojson >>",
        "<< [[[[0]*1000]*1000]*1000]*1000 | string | length >>",
        "<< ([[[0]*1000]*1000]*1000 ~ '') | length >>",
        "<< {'a': [['x'*1000]*1000]*1000} >>",
        "<< ('x'*900000 ~ 'x'*900000) ~ ('x'*900000 ~ 'x'*900000) ~ ('x'*9000000 ~ 'x'*900000) >>",
        "<< range(0, 1000000000)|list|length >>",
        "<< ('a'*1000000)|replace('a', 'b'*1000000) >>",
        "<< (range(10000)|list) * 100000 >>",
        "<< 9 ** 999999999 >>",
        "<< build-image.tags * 1000 >>",
        "<< ([1]|list) * 1000 >>",
    ] {
        let start = std::time::Instant::now();
        let errors = evaluated(template).unwrap_err();
        assert!(matches!(errors[0].problem, ExpressionProblem::Failed { .. }), "{template}: {errors:?}");
        assert!(start.elapsed() < std::time::Duration::from_secs(5), "{template}: {:?}", start.elapsed());
    }
    let sources = ["[1]|batch(1000000000, 0)|list", "[1]|slice(1000000000)|list"];
    for source in sources {
        assert!(evaluated(&format!("<< {source} >>")).is_err(), "{source}");
    }
    assert_eq!(evaluated("<< variables.limit * 2 ~ 'x' * 3 >>"), Ok(yaml("6xxx")));
}

#[test]
fn limits_the_work_of_all_expressions_together() {
    let scope = scope();
    let template = yaml("<< range(9000)|join('xxxx')|length >>");
    let failed = (0..20_000).find(|_| evaluate(&template, &scope, &BTreeSet::new()).is_err());
    assert!(failed.is_some_and(|count| count > 1000), "{failed:?}");
}

#[test]
fn accepts_or_rejects_long_chains_without_overflowing_the_stack() {
    for (start, link) in [
        ("flow", ".name"),
        ("1", "+1"),
        ("1", "~1"),
        ("1", "**1"),
        ("flow", "[0]"),
        ("'a'", "|lower"),
        ("", "not "),
        ("", "-"),
        ("", "("),
        ("", "["),
        ("", "{'a':"),
        ("1", " if 1 else 1"),
        ("1", " and 1"),
        ("1", "==1"),
        ("1", " in 1"),
        ("'a'", ".upper()"),
    ] {
        for length in [50, 200, 500, 1000, 2000, 4000, 100_000] {
            let template = format!("<< {start}{} >>", link.repeat(length / link.len()));
            _ = evaluated(&template);
            _ = check(&Value::from(template), &BTreeSet::new());
        }
    }
}

/// Generates nested expressions whose operators and filters multiply the size of their input.
fn growing_expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("'x'".to_owned()),
        Just("[1, 'y']".to_owned()),
        Just("range(10000)".to_owned()),
        Just("git".to_owned()),
        Just("1000000000".to_owned()),
        Just("10000".to_owned()),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), 0..1_000_000_000_u64).prop_map(|(a, n)| format!("({a} * {n})")),
            (inner.clone(), 0..5000_u64).prop_map(|(a, n)| format!("({a} * {n})")),
            (inner.clone(), inner.clone(), "[-+~*/%]|\\*\\*").prop_map(|(a, b, op)| format!("({a} {op} {b})")),
            (inner.clone(), "tojson|list|string|join|indent|center|batch|slice|format|unique|sort|reverse|items|upper|urlencode|length|pprint|dictsort|zip|chain|map|title|wordwrap|truncate|b64encode|slugify|literal|split|lines")
                .prop_map(|(a, filter)| format!("({a} | {filter})")),
            (inner.clone(), "indent|center|batch|slice|join|replace|round|truncate|wordwrap|map|zip|chain|format|split", inner.clone())
                .prop_map(|(a, filter, b)| format!("({a} | {filter}({b}))")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} | replace('', {b}))")),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{'a': {a}, 'b': {b}}}")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} if {b} else {a})")),
        ]
    })
}

proptest! {
    #[test]
    fn growing_expressions_are_bounded(expression in growing_expression()) {
        let template = format!("<< {expression} >>");
        if let Ok(value) = crate::test_limits::within_limits(|| evaluated(&template)) {
            let size = serde_yaml::to_string(&value).unwrap().len();
            prop_assert!(size < 8 << 20, "{size}");
        }
    }
}

proptest! {
    #[test]
    fn never_panics(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("<<".to_owned()), Just(">>".to_owned()), Just("'".to_owned()), Just("\\".to_owned()),
                Just("build-image.image".to_owned()), "[a-z|.\\[\\]()\"~-]{1,4}", "\\PC{0,3}",
            ],
            0..10,
        ),
    ) {
        let text = parts.concat();
        let outcome = evaluated(&text);
        if !text.contains("<<") {
            prop_assert_eq!(outcome, Ok(Value::from(text)));
        }
    }
}
