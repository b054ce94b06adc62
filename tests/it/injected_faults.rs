//! Injects every kind of fault into every request of a deploy. The command must not panic or hang, must exit
//! with the right code and an accurate message, and running it again must complete the deploy.
//!
//! The regular test runs a sample. This command runs all cases and prints a table:
//!
//!     cargo nextest run --test it --ignore-default-filter --run-ignored only --no-capture exhaustive_faults

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::support::{FAULTS, Fault, FaultPlan, FaultServer, Output, Sandbox};

/// Five deployments of two flows, with features that need additional requests.
const PROJECT: &str = r"
pull: []
definitions:
  pool: &pool {name: pool}
deployments:
- {name: one, entrypoint: flow.py:hello, work_pool: *pool, schedules: [{cron: '0 1 * * *', slug: a}]}
- {name: two, entrypoint: flow.py:hello, work_pool: *pool, parameters: {name: Arthur}}
- {name: three, entrypoint: flow.py:goodbye, work_pool: *pool, tags: [a, b]}
- name: four
  entrypoint: flow.py:goodbye
  work_pool: *pool
  triggers: [{enabled: true, expect: [prefect.flow-run.Completed]}]
- {name: five, entrypoint: flow.py:hello, work_pool: *pool, description: The fifth}
";

/// The project file before the second scenario. The scenario changes it to [`PROJECT`].
const BEFORE: &str = r"
pull: []
definitions:
  pool: &pool {name: pool}
deployments:
- {name: one, entrypoint: flow.py:hello, work_pool: *pool, schedules: [{cron: '0 2 * * *', slug: a}, {interval: 60, anchor_date: '2026-01-01T00:00:00Z', slug: b}]}
- {name: two, entrypoint: flow.py:hello, work_pool: *pool, parameters: {name: Ford}}
- {name: three, entrypoint: flow.py:goodbye, work_pool: *pool}
- name: four
  entrypoint: flow.py:goodbye
  work_pool: *pool
  triggers: [{enabled: true, expect: [prefect.flow-run.Failed]}]
- {name: five, entrypoint: flow.py:hello, work_pool: *pool, schedules: []}
";

/// Maximum duration of a command. The limit is generous because other tests may run concurrently.
const DEADLINE: Duration = Duration::from_mins(1);

const TOGETHER: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scenario {
    Create,
    Update,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    scenario: Scenario,
    plan: FaultPlan,
}

/// A project, and a server in the state before a case.
struct Trial {
    sandbox: Sandbox,
    server: FaultServer,
}

impl Trial {
    fn new(scenario: Scenario) -> Result<Self> {
        let server = FaultServer::start()?;
        let sandbox = Sandbox::for_project(&server.url(), PROJECT)?
            .variable("PREFECT_API_REQUEST_TIMEOUT", "1")
            .variable("PREFECT_CLIENT_MAX_RETRIES", "1")
            .variable("PREFECT_CLIENT_RETRY_JITTER_FACTOR", "0");
        // All trials use the same names, so that the server states can be compared.
        sandbox.file("flow.py", crate::support::FLOWS.replace("-UNIQUE", ""))?;
        let trial = Self { sandbox, server };
        if scenario == Scenario::Update {
            trial.sandbox.file("prefect.yaml", BEFORE)?;
            trial.deploy()?.success()?;
            trial.sandbox.file("prefect.yaml", PROJECT)?;
            trial.server.fail(None);
        }
        Ok(trial)
    }

    fn deploy(&self) -> Result<Output> {
        self.sandbox.run("deploy --all --quiet")
    }

    fn state(&self) -> String {
        self.server.look(crate::support::InMemoryApi::state)
    }
}

/// The requests and the result of a scenario without faults.
struct Normal {
    requests: Vec<String>,
    target: String,
}

impl Normal {
    fn of(scenario: Scenario) -> Result<Self> {
        let trial = Trial::new(scenario)?;
        trial.deploy()?.success()?;
        let normal = Self { requests: trial.server.requests(), target: trial.state() };
        let again = trial.deploy()?.success()?;
        ensure!(
            again.stdout.matches("(unchanged)").count() == 5,
            "not all is right after a deploy:\n{again}"
        );
        Ok(normal)
    }
}

/// Runs a case. Returns the exit code of the command that encountered the fault.
fn run(case: Case, normal: &Normal) -> Result<i32> {
    let trial = Trial::new(case.scenario)?;
    let before = trial.server.look(|server| (server.writes, server.deployments()));
    trial.server.fail(Some(case.plan));
    let started = Instant::now();
    let output = trial.deploy()?;
    ensure!(started.elapsed() < DEADLINE, "it took {:?}", started.elapsed());
    let after = trial.server.look(|server| (server.writes, server.deployments()));
    let is_clean = before.1 == after.1;
    // Concurrent requests arrive in any order.
    let hit = trial.server.requests().get(case.plan.at).cloned().unwrap_or_default();
    judge(case, &hit, &output, is_clean, trial.state() == normal.target)
        .with_context(|| output.to_string())?;

    trial.server.heal()?;
    let again = trial.deploy()?;
    ensure!(again.code == 0, "the command that ran again failed:\n{again}");
    let state = trial.state();
    ensure!(
        state == normal.target,
        "after running again the server has\n{state}\nand not\n{}",
        normal.target
    );
    Ok(output.code)
}

/// Checks the exit code and the message of a command that encountered a fault.
fn judge(case: Case, hit: &str, output: &Output, is_clean: bool, is_target: bool) -> Result<()> {
    let FaultPlan { fault, lasting, .. } = case.plan;
    let acts = fault.acts();
    match output.code {
        0 => {
            // A 404 response to a DELETE means that the object is already deleted.
            let is_gone = fault == Fault::Status(404) && hit.starts_with("DELETE ");
            ensure!(is_target || is_gone, "success, but the server is not as it should be");
            return Ok(());
        }
        // The server may have written without responding, so the command cannot know that nothing was
        // written.
        1 | 2 | 5 | 6 => {
            ensure!(is_clean || acts, "something was written, but the exit code says nothing was");
        }
        3 => {}
        other => anyhow::bail!("the exit code {other} is of no use"),
    }
    ensure!(lasting || !passes(fault), "a fault that passes was not waited for");
    ensure!(output.stderr.contains("error"), "no error is shown");
    if let Some(expected) = exit(fault) {
        ensure!(
            [expected, 1, 3].contains(&output.code),
            "exit code {} in place of {expected} (or 1, 3)",
            output.code
        );
    }
    let words = words(fault);
    ensure!(
        words.is_empty() || words.iter().any(|word| output.stderr.contains(word)),
        "the message has none of {words:?}"
    );
    Ok(())
}

/// Returns whether a single occurrence of the fault is harmless: it is not an error, or the request is
/// retried.
fn passes(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::ByteByByte
            | Fault::WrongContentType
            | Fault::Redirect(_)
            | Fault::Status(503)
            | Fault::TooMany("0" | "soon" | "-1" | "Mon, 23 Nov 2020 14:00:00 GMT")
    )
}

/// Returns the expected exit code if nothing was written before the fault.
fn exit(fault: Fault) -> Option<i32> {
    Some(match fault {
        Fault::Refuse
        | Fault::Restart
        | Fault::ResetBefore
        | Fault::ResetAfter
        | Fault::HalfBody
        | Fault::Hang
        | Fault::NotHttp => 6,
        Fault::Html | Fault::InvalidJson | Fault::Empty | Fault::Redirect(_) => 2,
        Fault::Status(401 | 403) => 5,
        Fault::Echo | Fault::Status(_) | Fault::TooMany(_) => 1,
        // The remaining faults do not occur in this test.
        Fault::ByteByByte
        | Fault::WrongContentType
        | Fault::Endless
        | Fault::Unpacking
        | Fault::Headers
        | Fault::Deep
        | Fault::RedirectTo(_) => return None,
    })
}

/// Returns the expected strings. The message must contain at least one of them.
fn words(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::Refuse | Fault::Restart | Fault::ResetBefore | Fault::ResetAfter | Fault::HalfBody => {
            &["cannot reach", "the connection was lost"]
        }
        Fault::NotHttp => &["the connection was lost", "cannot reach"],
        Fault::Hang => &["did not respond"],
        Fault::Html | Fault::Empty => &["did not respond with JSON"],
        Fault::InvalidJson => &["did not respond with JSON", "invalid response"],
        Fault::Redirect(_) => &["too many redirects"],
        Fault::Status(401) => &["401"],
        Fault::Status(403) => &["403"],
        Fault::Status(404) => &["refused", "not", "no "],
        Fault::Status(422) => &["body.name: Field required"],
        Fault::Status(400 | 409 | 413) => &["It was refused"],
        Fault::Status(408) => &["408"],
        Fault::Status(500) => &["500"],
        Fault::Status(502) => &["502"],
        Fault::Status(503) => &["503"],
        Fault::Status(504) => &["504"],
        Fault::TooMany(_) => &["429"],
        _ => &[],
    }
}

/// Runs cases in parallel. Returns a table with a row for each fault.
fn run_all(cases: &[Case]) -> Result<String> {
    let normal = BTreeMap::from([
        (Scenario::Create, Normal::of(Scenario::Create)?),
        (Scenario::Update, Normal::of(Scenario::Update)?),
    ]);
    let next = AtomicUsize::new(0);
    let table: Mutex<BTreeMap<String, BTreeMap<i32, usize>>> = Mutex::default();
    let failures: Mutex<Vec<String>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let normal = &normal[&case.scenario];
                    let Some(request) = normal.requests.get(case.plan.at) else { continue };
                    match run(*case, normal) {
                        Ok(code) => {
                            let kind = if case.plan.lasting { "lasting" } else { "once" };
                            let row = format!("{:?}, {kind}", case.plan.fault);
                            let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
                            *table.entry(row).or_default().entry(code).or_default() += 1;
                        }
                        Err(error) => {
                            let failure = format!("{case:?} at {request}: {error:#}");
                            failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    let table = table.into_inner().unwrap_or_else(PoisonError::into_inner);
    let text = render(&table);
    ensure!(
        failures.is_empty(),
        "{text}{} of {} cases failed:\n\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n\n")
    );
    Ok(text)
}

fn render(table: &BTreeMap<String, BTreeMap<i32, usize>>) -> String {
    let row = |(fault, codes): (&String, &BTreeMap<i32, usize>)| {
        let codes: Vec<String> = codes.iter().map(|(code, count)| format!("exit {code}: {count}")).collect();
        format!("{fault:<55} {}\n", codes.join(", "))
    };
    let total: usize = table.values().flat_map(BTreeMap::values).sum();
    table.iter().map(row).chain([format!("{total} cases as they should be\n")]).collect()
}

/// Returns all faults at the selected requests of both scenarios. Each fault occurs once as a single fault and once as
/// a repeated fault.
fn cases(requests: impl Fn(usize) -> Vec<usize>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, &fault) in FAULTS.iter().enumerate() {
        for scenario in [Scenario::Create, Scenario::Update] {
            for lasting in [false, true] {
                for at in requests(index) {
                    cases.push(Case { scenario, plan: FaultPlan { fault, at, lasting } });
                }
            }
        }
    }
    cases
}

#[test]
fn recovers_from_a_sample_of_faults() -> Result<()> {
    // Select a different request for each fault, and a different fault for each request.
    let all = cases(|index| vec![index % 12]);
    let sample: Vec<Case> =
        all.into_iter().enumerate().filter(|(at, _)| at % 4 == at / 4 % 4).map(|(_, one)| one).collect();
    run_all(&sample)?;
    Ok(())
}

#[test]
#[ignore = "takes many minutes"]
fn exhaustive_recovers_from_every_fault_at_every_request() -> Result<()> {
    println!("{}", run_all(&cases(|_| (0..40).collect()))?);
    Ok(())
}
