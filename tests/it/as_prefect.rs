//! prefectl through a link named `prefect`, in place of the reference.

use anyhow::{Result, ensure};

use crate::support::{MockApi, Sandbox};

const TWO: &str = "
deployments:
- {name: one, entrypoint: 'flow.py:hello', work_pool: {name: pool}}
- {name: two, entrypoint: 'flow.py:goodbye', work_pool: {name: pool}}
";

#[test]
fn versions_are_those_of_prefect() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let version = sandbox.run_as_prefect("--version")?.success()?;
    ensure!(version.stdout == "3.9.1\n", "{version}");
    let details = sandbox.run_as_prefect("version")?.success()?;
    for line in
        ["Version:              3.9.1\n", "API version:          0.8.4\n", "OS/Arch:              linux/"]
    {
        ensure!(!cfg!(target_os = "linux") || details.stdout.contains(line), "{line:?} is not in {details}");
    }
    ensure!(details.stdout.contains("\nServer type:          ephemeral\n"), "{details}");
    let own = sandbox.run("version")?.success()?;
    ensure!(
        own.stdout.starts_with(&format!("Version:              {}\n", env!("CARGO_PKG_VERSION"))),
        "{own}"
    );
    Ok(())
}

#[test]
fn usage_errors_exit_with_1() -> Result<()> {
    let sandbox = Sandbox::new()?;
    for line in ["deploy --no-such", "no-such", "deploy --interval x", "flow-run ls --limit x"] {
        ensure!(sandbox.run_as_prefect(line)?.code == 1, "{line}");
        ensure!(sandbox.run(line)?.code == 2, "{line}");
        ensure!(sandbox.run(&format!("{line} --compat-exit-codes"))?.code == 1, "{line}");
    }
    Ok(())
}

#[test]
fn command_names_may_have_capitals_and_underscores() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let output = sandbox.run_as_prefect("Profile LS")?.success()?;
    ensure!(output.stdout.contains("Available Profiles:"), "{output}");
    ensure!(sandbox.run_as_prefect("work_pool --help")?.success()?.stdout.contains("work-pool"));
    ensure!(sandbox.run("Profile ls")?.code == 2);
    Ok(())
}

#[test]
fn messages_go_to_stdout_in_the_words_of_the_reference() -> Result<()> {
    let api = MockApi::keeping()?;
    let sandbox = Sandbox::for_project(&api.url(), TWO)?;
    sandbox.file("list.yaml", "- a\n")?;
    sandbox.file("broken.yaml", "a: [\n")?;
    for (line, code, message) in [
        (
            "deploy",
            1,
            "Discovered one or more deployment configurations, but no name was given. Please specify the name of at \
             least one deployment to create or update.",
        ),
        ("deploy --all -n one", 1, "Cannot use both `--all` and `--name` at the same time. Use only one."),
        (
            "deploy --all --prefect-file nope.yaml",
            1,
            "Unable to read the specified config file. Reason: [Errno 2] No such file or directory: 'nope.yaml'. \
             Skipping.",
        ),
        ("deploy --all --prefect-file broken.yaml", 1, "Unable to read the specified config file. Reason: "),
        ("deploy --all --prefect-file list.yaml", 1, "Unable to parse the specified config file. Skipping."),
        (
            "deploy -n one -n three",
            0,
            "The following deployment(s) could not be found and will not be deployed: three",
        ),
        ("deploy --all", 0, "Deployment 'hello-UNIQUE/one' successfully created with id '"),
        ("deploy --all", 0, "Deploying all flows with an existing deployment configuration..."),
        ("deploy -n one -n two", 0, "Deploying flows with selected deployment configurations..."),
        ("deploy --all", 0, "\n\t$ prefect deployment run 'hello-UNIQUE/one'\n"),
        ("deployment run nope/nope", 1, "Deployment 'nope/nope' not found!"),
    ] {
        let output = sandbox.run_as_prefect(line)?;
        let message = sandbox.unique(message);
        ensure!(output.code == code && output.stdout.contains(&message), "{line}: {message}\n{output}");
    }
    Ok(())
}
