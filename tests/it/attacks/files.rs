//! Files that are too large or too deeply nested, and links that lead out of the project.

use std::fmt::Write as _;

use super::{Attack, Outcome, Target, attack, project};

const MEGABYTE: usize = 1 << 20;
const CHECK: &str = "check";
const DEPLOY: &str = "deploy --all";

/// Returns YAML in which each level refers to the previous level ten times.
fn bomb(first: &str, last: fn(usize) -> String) -> String {
    let mut text = format!("bomb:\n- &a0 {first}\n");
    for level in 1..40 {
        // Writing to a string never fails.
        let _ = writeln!(text, "- &a{level} {}", last(level - 1));
    }
    text
}

fn flow(body: &str) -> String {
    format!("from prefect import flow\n\n{body}\n\n@flow\ndef hello(a=x):\n    pass\n")
}

/// Adds a deployment whose `git_clone` step has the given inputs.
fn clone(target: Target, inputs: &str) -> anyhow::Result<Target> {
    let target = target.variable("GIT_ALLOW_PROTOCOL", "file:http:https:ssh:ext");
    target.project(&format!("  pull:\n  - prefect.deployments.steps.git_clone: {inputs}"))
}

const PULL: &str = "steps run --pull -n a";
const PUSH: &str = "steps run --push -n a";

const BUILD: &str = "  build:\n  - prefect_docker.deployments.steps.build_docker_image: {image_name: a, dockerfile: auto, tag: auto}";

/// Adds a deployment that pushes the project to the given folder on the attacker's server.
fn push(target: Target, folder: &str) -> anyhow::Result<Target> {
    let store = target.server.url().replace("/api", "");
    let step = format!(
        "  push:\n  - prefect_aws.deployments.steps.push_to_s3:\n      bucket: b\n      folder: {folder}\n      \
         credentials: {{aws_access_key_id: AKIA, aws_secret_access_key: x, region_name: eu-west-1}}\n      \
         client_parameters: {{endpoint_url: '{store}'}}"
    );
    target.project(&step)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack("an alias bomb", Outcome::Refused("too many values"), CHECK, |target| {
        let text =
            bomb("[x, x, x, x, x, x, x, x, x]", |level| format!("[{}]", format!("*a{level}, ").repeat(9)));
        target.file("prefect.yaml", text)
    }),
    attack("a bomb of merges", Outcome::Refused("too many values"), CHECK, |target| {
        let text = bomb("{a: 1, b: 2}", |level| {
            format!(
                "{{<<: *a{level}, {}}}",
                [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|key| format!("k{key}: *a{level}")).join(", ")
            )
        });
        target.file("prefect.yaml", text)
    }),
    attack("a value inside itself", Outcome::Refused("is inside the value"), CHECK, |target| {
        target.file("prefect.yaml", "a: &a [*a]\n")
    }),
    attack("a hundred thousand brackets", Outcome::Refused("levels deep"), CHECK, |target| {
        target.file("prefect.yaml", "[".repeat(100_000))
    }),
    attack("a hundred thousand dashes", Outcome::Refused("levels deep"), CHECK, |target| {
        target.file("prefect.yaml", "- ".repeat(100_000))
    }),
    attack("a hundred megabytes of values", Outcome::Refused("larger than"), CHECK, |target| {
        target.file("prefect.yaml", "- a\n".repeat(25 * MEGABYTE))
    }),
    attack("a hundred megabytes in one value", Outcome::Refused("larger than"), CHECK, |target| {
        target.file("prefect.yaml", format!("name: {}", "a".repeat(100 * MEGABYTE)))
    }),
    attack("very many small values", Outcome::Refused("too many values"), CHECK, |target| {
        target.file("prefect.yaml", "- 1\n".repeat(500_100))
    }),
    attack(
        "thousands of environments",
        Outcome::Refused("too large to check all 5000 environments"),
        CHECK,
        |target| {
            let environment = |number| format!("  e{number}: {{tags: [a]}}\n");
            let environments: String = (0..5_000).map(environment).collect();
            target.file("prefect.yaml", format!("environments:\n{environments}{}", project("")))
        },
    ),
    attack("thousands of invalid references", Outcome::Shown("unknown-output"), CHECK, |target| {
        let step =
            |id| format!("  - prefect.deployments.steps.run_shell_script: {{script: echo, id: t{id}}}\n");
        let steps: String = (0..1_000).map(step).collect();
        let tags: Vec<String> = (0..5_000).map(|id| format!("'{{{{ s{id}.stdout }}}}'")).collect();
        target.project(&format!("  tags: [{}]\n  build:\n{steps}", tags.join(", ")))
    }),
    attack("a number of a million digits", Outcome::Ended, CHECK, |target| {
        target.project(&format!("  parameters: {{times: {}}}", "9".repeat(1_000_000)))
    }),
    attack("a file that never ends", Outcome::Refused("not a regular file"), CHECK, |target| {
        target.link("/dev/zero", "prefect.yaml")
    }),
    attack("a tag that runs a program", Outcome::Refused("not supported"), CHECK, |target| {
        target.file("prefect.yaml", "a: !!python/object/apply:os.system ['touch ../pwned']\n")
    }),
    attack("settings that never end", Outcome::Refused("not a regular file"), "config view", |target| {
        target.link("/dev/zero", "prefect.toml")
    }),
    attack("settings that double", Outcome::Refused("too large"), "check", |target| {
        target.file(".env", format!("A=aaaaaaaa\n{}", "A=${A}${A}\n".repeat(100)))
    }),
    attack(
        "settings that list a file outside",
        Outcome::Refused("is outside the directory"),
        CHECK,
        |target| target.file("prefect.toml", "[prefectl]\nfiles = ['../outside']\n"),
    ),
    attack("settings that search the disk", Outcome::Refused("is outside the directory"), CHECK, |target| {
        target.file("prefect.toml", "[prefectl]\nfiles = ['/**/prefect.yaml']\n")
    }),
    attack("deep settings", Outcome::Ended, "config view", |target| {
        target.file("prefect.toml", format!("a = {}", "[".repeat(100_000)))
    }),
    attack("a hundred megabytes of Python", Outcome::Refused("larger than 16 MiB"), DEPLOY, |target| {
        target.file("flow.py", flow(&"x = 1\n".repeat(17 * MEGABYTE)))
    }),
    attack("Python that never ends", Outcome::Refused("not a regular file"), DEPLOY, |target| {
        target.link("/dev/zero", "flow.py")
    }),
    attack("deep parentheses in Python", Outcome::Ended, DEPLOY, |target| {
        target.file("flow.py", flow(&format!("x = {}1{}", "(".repeat(50_000), ")".repeat(50_000))))
    }),
    attack("deep lists in Python", Outcome::Ended, DEPLOY, |target| {
        target.file("flow.py", flow(&format!("x = {}{}", "[".repeat(50_000), "]".repeat(50_000))))
    }),
    attack("a long row of negations in Python", Outcome::Ended, DEPLOY, |target| {
        target.file("flow.py", flow(&format!("x = {}1", "not ".repeat(50_000))))
    }),
    attack("a long chain of attributes in Python", Outcome::Ended, DEPLOY, |target| {
        target.file("flow.py", flow(&format!("x = a{}", ".a".repeat(50_000))))
    }),
    attack("a long sum in Python", Outcome::Ended, DEPLOY, |target| {
        target.file("flow.py", flow(&format!("x = 1{}", " + 1".repeat(50_000))))
    }),
    attack("deep blocks in Python", Outcome::Refused("indentation"), DEPLOY, |target| {
        let deep = (0..1_000).fold(String::new(), |text, level| text + &" ".repeat(level) + "if 1:\n");
        target.file("flow.py", flow(&format!("{deep}{}x = 1", " ".repeat(1_000))))
    }),
    attack("a value that grows in Python", Outcome::Ended, DEPLOY, |target| {
        target.file("flow.py", flow("x = 'a' * 10 ** 10"))
    }),
    attack("a power in Python", Outcome::Ended, DEPLOY, |target| {
        target.file("flow.py", flow("x = 10 ** 10 ** 10"))
    }),
    attack("a text that doubles in Python", Outcome::Ended, DEPLOY, |target| {
        let doubled: Vec<String> = (0..200).map(|n| format!("x{} = x{n} + x{n}", n + 1)).collect();
        let doubled = doubled.join("\n");
        target.file("flow.py", flow(&format!("x0 = 'aaaaaaaa'\n{doubled}\nx = x200")))
    }),
    attack("modules in a circle", Outcome::Ended, DEPLOY, |target| {
        target
            .file("one.py", "from two import x\n")?
            .file("two.py", "from one import x\n")?
            .file("flow.py", flow("from one import x"))
    }),
    attack("a class that is its own base", Outcome::Ended, DEPLOY, |target| {
        let text = "from pydantic import BaseModel\nclass A(B): pass\nclass B(A): pass\nx: A = 1\n";
        target.file("flow.py", format!("{}\n@flow\ndef more(a: A): pass\n", flow(text)))
    }),
    attack("five thousand flows", Outcome::Ended, "flow ls", |target| {
        target.file("flow.py", "@flow\ndef hello(): pass\n".repeat(5_000))
    }),
    attack("a .gitignore that never ends", Outcome::Shown("flow.py:hello"), "flow ls", |target| {
        target.link("/dev/zero", ".gitignore")
    }),
    attack(
        "an endless ignore file in a subdirectory",
        Outcome::Shown("flow.py:hello"),
        "flow ls",
        |target| target.file("folder/other.py", flow("x = 1"))?.link("/dev/zero", "folder/.ignore"),
    ),
    attack("a .dockerignore that never ends", Outcome::Refused(""), DEPLOY, |target| {
        target.link("/dev/zero", ".dockerignore")?.project(BUILD)
    }),
    attack("patterns that take for ever", Outcome::Ended, DEPLOY, |target| {
        target
            .file(".dockerignore", format!("{}b\n", "a*".repeat(50)))?
            .file("a".repeat(200).as_str(), "")?
            .project(BUILD)
    }),
    attack("an address that is an option of git", Outcome::Refused("option"), PULL, |target| {
        clone(target, "{repository: '--upload-pack=touch ../pwned'}")
    }),
    attack("an address that runs a program", Outcome::Refused("helper program"), PULL, |target| {
        clone(target, "{repository: 'ext::sh -c touch% $HOME/pwned'}")
    }),
    attack("a host that is an option of ssh", Outcome::Refused("-oProxyCommand"), PULL, |target| {
        clone(target, "{repository: 'ssh://-oProxyCommand=touch $HOME/pwned/x'}")
    }),
    attack("a short address with an option of ssh", Outcome::Refused(""), PULL, |target| {
        clone(target, "{repository: '-oProxyCommand=touch pwned:x'}")
    }),
    attack("a branch that is an option", Outcome::Refused(""), PULL, |target| {
        clone(target, "{repository: 'file:///nonexistent', branch: '--upload-pack=touch ../pwned'}")
    }),
    attack("a commit that is an option", Outcome::Refused(""), PULL, |target| {
        clone(target, "{repository: 'file:///nonexistent', commit_sha: '--output=../pwned'}")
    }),
    attack("a directory that is an option", Outcome::Refused(""), PULL, |target| {
        clone(target, "{repository: 'file:///nonexistent', directories: ['--output=../pwned']}")
    }),
    attack("a clone that leaves its folder", Outcome::Refused(""), PULL, |target| {
        clone(target, "{repository: 'file:///nonexistent', clone_directory_name: '../../pwned'}")
    }),
    attack("an image that is an option", Outcome::Refused("image"), DEPLOY, |target| {
        let step =
            "  push:\n  - prefect_docker.deployments.steps.push_docker_image: {image_name: '--help', tag: a}";
        target.project(step)
    }),
    attack("a shell in the name of an image", Outcome::Refused("image"), DEPLOY, |target| {
        let step = "  push:\n  - prefect_docker.deployments.steps.push_docker_image: {image_name: 'a;touch pwned', tag: '$(touch pwned)'}";
        target.project(step)
    }),
    attack("lines for the Dockerfile in a path", Outcome::Refused("requirements"), DEPLOY, |target| {
        let step = "  build:\n  - prefect_docker.deployments.steps.build_docker_image: {image_name: a, dockerfile: auto, \
                    requirements: \"a\\nRUN touch /pwned\"}";
        target.project(step)
    }),
    attack("an entrypoint outside of the project", Outcome::Refused(""), DEPLOY, |target| {
        target.project("  entrypoint: ../outside:hello")
    }),
    attack("an entrypoint with an absolute path", Outcome::Refused(""), DEPLOY, |target| {
        target.project("  entrypoint: /etc/passwd:hello")
    }),
    attack(
        "a folder of flows that is a link to itself",
        Outcome::Shown("flow.py:hello"),
        "flow ls",
        |target| target.link(".", "again"),
    ),
    attack(
        "a project that is a link to another file",
        Outcome::Refused("prefect.yaml:1:1"),
        DEPLOY,
        |target| target.link("../outside", "prefect.yaml"),
    ),
    attack("a flow that is a link to another file", Outcome::Refused("flow.py:1:"), DEPLOY, |target| {
        target.link("../outside", "flow.py")
    }),
    attack("settings that are a link to another file", Outcome::Ended, "config view", |target| {
        target.link("../outside", ".env")
    }),
    attack("TOML settings that are a link to another file", Outcome::Refused(""), "config view", |target| {
        target.link("../outside", "prefect.toml")
    }),
    attack("a .dockerignore that is a link to another file", Outcome::Refused(""), DEPLOY, |target| {
        target.link("../outside", ".dockerignore")?.project(BUILD)
    }),
    attack("a .dockerignore with paths from elsewhere", Outcome::Refused(""), DEPLOY, |target| {
        target.file(".dockerignore", "../../**\n!../outside\n!/etc/passwd\n")?.project(BUILD)
    }),
    attack("a Dockerfile outside of the project", Outcome::Refused(""), DEPLOY, |target| {
        target.project(&BUILD.replace("dockerfile: auto", "dockerfile: ../outside"))
    }),
    attack("requirements outside of the project", Outcome::Refused(""), DEPLOY, |target| {
        target.project(&BUILD.replace("tag: auto", "requirements: ../outside"))
    }),
    attack("a folder of keys that goes up", Outcome::Refused("`..`"), PUSH, |target| {
        push(target, "../../folder")
    }),
    attack("a folder of keys that begins at the root", Outcome::Refused("slash"), PUSH, |target| {
        push(target, "/folder")
    }),
    attack("a link to another folder among what is pushed", Outcome::Ended, PUSH, |target| {
        push(target.link("..", "up")?, "folder")
    }),
    attack(
        "parameters from a file outside of the project",
        Outcome::Refused(""),
        "deploy -n a --trigger ../outside",
        Ok,
    ),
    attack("a block that is a path", Outcome::Refused(""), DEPLOY, |target| {
        target.project("  description: '{{ prefect.blocks.secret...admin.settings }}'")
    }),
    attack("a variable that is a path", Outcome::Ended, DEPLOY, |target| {
        target.project("  description: 'x {{ prefect.variables...-..-admin }}'")
    }),
    attack("a transport of git with a program in it", Outcome::Refused("helper program"), PULL, |target| {
        clone(target, "{repository: 'fd::17/foo'}")
    }),
    attack("a repository with options behind its address", Outcome::Refused(""), PULL, |target| {
        clone(target, "{repository: 'https://127.0.0.1:1/a.git --upload-pack=touch$IFS../pwned'}")
    }),
    attack("a configuration of git in the name of a branch", Outcome::Refused(""), PULL, |target| {
        clone(target, "{repository: 'file:///nonexistent', branch: '-c core.sshCommand=touch ../pwned'}")
    }),
];
