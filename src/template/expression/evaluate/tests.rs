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
        .with("deployment", &yaml("{name: nightly, tags: [x, y]}"))
        .with("variables", &yaml("{region: eu, limit: 3}"))
        .with_outputs(outputs.as_mapping().unwrap())
}

fn evaluated(template: &str) -> Result<Value, Vec<ExpressionError>> {
    evaluate(&Value::from(template), &scope(), &BTreeSet::new())
}

#[test]
fn the_documented_examples() {
    for (template, expected) in [
        ("<< build-image.image >>", "repo/flows:abc"),
        ("image:<< git.short_sha >>-<< git.branch | slugify >>", "'image:0123-feature-new-thing'"),
        ("<< git.tag or git.short_sha >>", "'0123'"),
        ("<< env.STAGE | upper >>", "PROD"),
        ("<< env.REGION | default(\"eu-west-1\") >>", "eu-west-1"),
        ("<< variables.limit * 2 >>", "6"),
        ("<< deployment.tags + [env.STAGE] >>", "[x, y, prod]"),
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

/// Each line of the list in `templates.md` has an expression, at least two spaces, and the result.
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
fn an_expression_alone_keeps_its_type_wherever_it_stands() {
    let template =
        yaml("{a: [<< build-image.size >>, 'x << build-image.size >>'], << image >>: << git.tag >>, b: 1}");
    let expected = yaml("{a: [5, x 5], << image >>: null, b: 1}");
    assert_eq!(evaluate(&template, &scope(), &BTreeSet::new()), Ok(expected));
}

#[test]
fn mistakes_say_what_and_where_and_what_was_meant() {
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
            "`| default(\"...\")` gives a value for a name that may be missing",
        ),
        ("<< image | lowr >>", 11..15, "there is no filter `lowr`", "did you mean `lower`?"),
        (
            "x<< git.tag >>",
            1..14,
            "`git.tag` is null, which cannot be part of a text",
            "`| default(\"...\", true)` gives a text in the place of null",
        ),
        (
            "x<< build-image >>",
            1..18,
            "`build-image` is a mapping, which cannot be part of a text",
            "`| tojson` writes it as text",
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
fn what_is_no_expression_is_a_syntax_error() {
    for template in ["<< >>", "<< a b >>", "<< it's >>", "<< slugify( >>", "<< 1 + >>"] {
        let errors = evaluated(template).unwrap_err();
        assert!(matches!(errors[0].problem, ExpressionProblem::Syntax { .. }), "{template}: {errors:?}");
    }
    for template in ["<< deployment.tags[9] >>", "<< git.dirty + [1] >>"] {
        let errors = evaluated(template).unwrap_err();
        assert!(matches!(errors[0].problem, ExpressionProblem::Failed { .. }), "{template}: {errors:?}");
    }
}

#[test]
fn all_mistakes_of_a_template_come_at_once_with_their_paths() {
    let template = yaml("{tags: [ok, << nope1 >>], env: {A: 'x << nope2 >> << nope3 >>'}}");
    let errors = evaluate(&template, &scope(), &BTreeSet::new()).unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| error.path.to_string()).collect();
    assert_eq!(places, ["tags[1]", "env.A", "env.A"]);
}

#[test]
fn texts_that_need_later_names_wait_as_a_whole() {
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
fn checking_needs_only_the_names() {
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

proptest! {
    #[test]
    fn texts_of_any_kind_are_read_without_panic(
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
