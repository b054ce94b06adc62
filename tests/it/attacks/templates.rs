//! Templates that grow without bound, refer to themselves, or come from an untrusted source.

use anyhow::Result;

use super::{Attack, Outcome, Target, attack, project};

const DEPLOY: &str = "deploy --all";
const STRICT: &str = "deploy --all --strict";

fn described(target: Target, text: &str) -> Result<Target> {
    target.project(&format!("  description: {}", serde_json::Value::from(text)))
}

/// Adds a Prefect variable `motto` and a deployment with the given description.
fn variable(target: Target, value: &str, description: &str) -> Result<Target> {
    target.server.change(|server| {
        let id = uuid::Uuid::nil();
        let variable = serde_json::json!({"id": id, "name": "motto", "value": value, "tags": []});
        server.answers.insert("variables/name/motto".to_owned(), variable);
    });
    target.variable("INNOCENT", "of value").project(&format!("  description: {description}"))
}

/// Adds a build step that prints `text`, and a deployment whose description contains the step's output.
fn printed(target: Target, text: &str) -> Result<Target> {
    let target = target.variable("INNOCENT", "of value").file("text", text)?;
    let lines = "  build:\n  - prefect.deployments.steps.run_shell_script: {id: it, script: cat text}\n  \
                 description: 'x {{ it.stdout }}'";
    target.project(lines)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack("a step that prints a template", Outcome::Sent("{{ $INNOCENT }}"), DEPLOY, |target| {
        printed(target, "{{ $INNOCENT }}")
    }),
    attack(
        "a step that prints the name of a block",
        Outcome::Sent("{{ prefect.blocks.secret.a }}"),
        DEPLOY,
        |target| printed(target, "{{ prefect.blocks.secret.a }}"),
    ),
    attack("a step that prints an expression", Outcome::Sent("<< env.INNOCENT >>"), DEPLOY, |target| {
        printed(target, "<< env.INNOCENT >>")
    }),
    attack("a step that prints its own name", Outcome::Sent("{{ it.stdout }}"), DEPLOY, |target| {
        printed(target, "{{ it.stdout }}")
    }),
    attack("a variable that names itself", Outcome::Sent("{{ $LOOP }}"), DEPLOY, |target| {
        described(target.variable("LOOP", "{{ $LOOP }}"), "x {{ $LOOP }}")
    }),
    attack(
        "a Prefect variable with a placeholder",
        Outcome::Shown("injected-placeholder"),
        DEPLOY,
        |target| variable(target, "{{ $INNOCENT }}", "'x {{ prefect.variables.motto }}'"),
    ),
    attack(
        "a Prefect variable with a placeholder, strictly",
        Outcome::Refused("injected-placeholder"),
        STRICT,
        |target| variable(target, "{{ $INNOCENT }}", "'x {{ prefect.variables.motto }}'"),
    ),
    attack(
        "a Prefect variable in an expression",
        Outcome::Refused("injected-placeholder"),
        STRICT,
        |target| variable(target, "{{$INNOCENT}}", "'x << variables.motto >>'"),
    ),
    attack(
        "a Prefect variable that is kept as it is",
        Outcome::Sent("x {{ $INNOCENT }}"),
        STRICT,
        |target| variable(target, "{{ $INNOCENT }}", "'x << variables.motto | literal >>'"),
    ),
    attack(
        "a branch with a placeholder in its name",
        Outcome::Refused("injected-placeholder"),
        STRICT,
        |target| {
            described(
                target.variable("INNOCENT", "of value").variable("CI_BRANCH", "{{$INNOCENT}}"),
                "x {{ $CI_BRANCH }}",
            )
        },
    ),
    attack(
        "a step that prints a template for another",
        Outcome::Refused("came from an inserted value"),
        STRICT,
        |target| {
            let target = target.variable("INNOCENT", "of value").file("text", "{{ $INNOCENT }}")?;
            let lines = "  build:\n  - prefect.deployments.steps.run_shell_script: {id: it, script: cat text}\n  \
                     - prefect.deployments.steps.run_shell_script: {script: \"echo '{{ it.stdout }}'\"}";
            target.project(lines)
        },
    ),
    attack("a variable that is an expression", Outcome::Sent("<< env.LOOP >>"), DEPLOY, |target| {
        described(target.variable("LOOP", "<< env.LOOP >>"), "x << env.LOOP >>")
    }),
    attack("a hundred thousand open braces", Outcome::Ended, DEPLOY, |target| {
        described(target, &"{{ ".repeat(100_000))
    }),
    attack("a hundred thousand placeholders", Outcome::Ended, DEPLOY, |target| {
        described(target, &"{{ $HOME }}".repeat(100_000))
    }),
    attack("an expression of deep parentheses", Outcome::Ended, DEPLOY, |target| {
        described(target, &format!("<< {}1{} >>", "(".repeat(50_000), ")".repeat(50_000)))
    }),
    attack("an expression of deep lists", Outcome::Ended, DEPLOY, |target| {
        described(target, &format!("<< {}{} >>", "[".repeat(50_000), "]".repeat(50_000)))
    }),
    attack("an expression of many negations", Outcome::Refused("more than 200"), DEPLOY, |target| {
        described(target, &format!("<< {}1 >>", "not ".repeat(50_000)))
    }),
    attack("an expression of many terms", Outcome::Refused("more than 200"), DEPLOY, |target| {
        described(target, &format!("<< 1{} >>", " + 1".repeat(50_000)))
    }),
    attack("an expression of many filters", Outcome::Refused("more than 200"), DEPLOY, |target| {
        described(target, &format!("<< 'a'{} >>", "|upper".repeat(50_000)))
    }),
    attack("an expression that multiplies a text", Outcome::Ended, DEPLOY, |target| {
        described(target, "<< 'a' * 10000000000 >>")
    }),
    attack("an expression that counts for ever", Outcome::Ended, DEPLOY, |target| {
        described(target, "<< range(100000000000) | list >>")
    }),
    attack("an expression whose value explodes", Outcome::Refused("too large"), DEPLOY, |target| {
        described(target, &format!("<< 'aaaaaaaaaa'{} >>", "|replace('a', 'aaaaaaaaaa')".repeat(12)))
    }),
    attack("an expression that raises to a power", Outcome::Ended, DEPLOY, |target| {
        described(target, "<< 10 ** 10 ** 10 >>")
    }),
    attack("an expression that calls what is not there", Outcome::Refused(""), DEPLOY, |target| {
        described(target, "<< ''.__class__.__mro__ >>")
    }),
    attack("an expression that includes a file", Outcome::Refused(""), DEPLOY, |target| {
        described(target, "<< include('../outside') >>")
    }),
    attack("variables that double", Outcome::Refused("template-size"), "plan --all", |target| {
        let doubled = |number| {
            let earlier = format!("{{{{ prefect.variables.v{} }}}}", number - 1);
            format!("    v{number}: '{earlier}{earlier}'\n")
        };
        let variables: String = (1..60).map(doubled).collect();
        let resources = format!("prefectl:\n  variables:\n    v0: aaaaaaaa\n{variables}");
        target.file("prefect.yaml", resources + &project(""))
    }),
    attack(
        "an environment variable that is inserted very often",
        Outcome::Refused("template-size"),
        "check",
        |target| {
            let target = target.variable("LARGE", &"a".repeat(100_000));
            described(target, &"{{ $LARGE }}".repeat(100_000))
        },
    ),
    attack(
        "an expression that is evaluated very often",
        Outcome::Refused("insert more than 256 MiB"),
        "check",
        |target| {
            let target = target.variable("LARGE", &"a".repeat(100_000));
            described(target, &"<< env.LARGE ~ env.LARGE >>".repeat(10_000))
        },
    ),
    attack("a schedule of all seconds for ever", Outcome::Ended, DEPLOY, |target| {
        target.project("  schedules: [{rrule: 'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31'}]")
    }),
    attack("a cron without a day", Outcome::Ended, DEPLOY, |target| {
        target.project("  schedules: [{cron: '0 0 31 2 *'}]")
    }),
    attack("an interval of ages", Outcome::Ended, DEPLOY, |target| {
        target.project("  schedules: [{interval: 1e308}]")
    }),
];
