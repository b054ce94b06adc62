//! Compares the wizard's questions with Prefect's questions, as recorded by `tests/data/wizard/record.py`.

use std::{collections::BTreeMap, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{FaultServer, Sandbox, Terminal};

const SESSIONS: &str = include_str!("../data/wizard/sessions.json");
/// The file `flow.py` of the recorded projects.
const FLOWS: &str =
    "from prefect import flow\n\n\n@flow\ndef bye(): ...\n\n\n@flow\ndef hello(n: int = 1): ...\n";

/// A deploy at a terminal.
#[derive(Debug, Deserialize)]
struct Session {
    name: String,
    files: BTreeMap<String, String>,
    command: Vec<String>,
    questions: Vec<Question>,
}

#[derive(Debug, Deserialize)]
struct Question {
    question: String,
    #[serde(flatten)]
    kind: Kind,
    /// The keys that answer the question.
    keys: String,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Kind {
    Text {
        default: Option<String>,
    },
    Confirm {
        default: Option<String>,
    },
    Select {
        #[serde(rename = "opt_out")]
        has_opt_out: bool,
    },
}

impl Question {
    /// Returns the text that the terminal must show.
    fn shown(&self) -> String {
        let question = &self.question;
        match &self.kind {
            Kind::Text { default: None } => format!("? {question}: "),
            Kind::Text { default: Some(default) } => format!("? {question} ({default}): "),
            // Prefect repeats a question without a default if the answer is empty. prefectl treats an empty answer as
            // no.
            Kind::Confirm { default } => {
                let hint = if default.as_deref() == Some("y") { "Y/n" } else { "y/N" };
                format!("? {question} ({hint}): ")
            }
            Kind::Select { has_opt_out } => {
                let opt_out = if *has_opt_out { "; n to select none]" } else { "" };
                format!("? {question} [Use arrows to move; enter to select{opt_out}")
            }
        }
    }
}

fn project(session: &Session) -> Result<(FaultServer, Sandbox)> {
    let server = FaultServer::start()?;
    let image = json!({"variables": {"properties": {"image": {"type": "string"}}}});
    let pool = |name: &str, template: &Value| {
        json!({
            "id": uuid::Uuid::new_v4(), "name": name, "type": name, "is_paused": false, "status": "READY",
            "base_job_template": template,
        })
    };
    let (docker, process) = (pool("docker", &image), pool("process", &json!({})));
    let block_type = json!({"id": uuid::Uuid::nil(), "name": "x", "slug": "x"});
    let token = json!({"id": uuid::Uuid::nil(), "name": "deployment-x-hello-repo-token"});
    let credentials = json!({"id": uuid::Uuid::nil(), "name": "s3-storage-credentials"});
    let blocks = match session.name.as_str() {
        "a known token" => json!([token]),
        "known credentials" => json!([credentials]),
        _ => json!([]),
    };
    let has_pools = session.name != "no work pools";
    let process_type = json!({"type": "process", "default_base_job_configuration": {}});
    server.change(|api| {
        let answers = [
            ("collections/views/aggregate-worker-metadata", json!({"prefect": {"process": process_type}})),
            ("work_pools/docker", docker.clone()),
            ("block_documents/filter", blocks),
            ("block_documents/", json!({})),
            ("block_documents/00000000-0000-0000-0000-000000000000", json!({})),
            ("block_schemas/filter", json!([{"id": uuid::Uuid::nil(), "name": "x"}])),
        ];
        api.answers.extend(answers.map(|(path, answer)| (path.to_owned(), answer)));
        api.blocks.insert("secret/deployment-x-hello-repo-token".to_owned(), json!({"value": "token"}));
        if has_pools {
            api.answers.insert("work_pools/filter".to_owned(), json!([docker, process]));
        } else {
            api.missing_pools.insert("process".to_owned());
        }
        for kind in ["aws-credentials", "gcp-credentials", "azure-blob-storage-credentials", "secret"] {
            api.answers.insert(format!("block_types/slug/{kind}"), block_type.clone());
        }
    });
    let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", server.url());
    sandbox.file("flow.py", FLOWS)?;
    for (name, text) in &session.files {
        match name.as_str() {
            "git" => repository(&sandbox, text)?,
            _ => sandbox.file(name, text)?,
        }
    }
    Ok((server, sandbox))
}

/// Creates a repository with a commit and a remote.
fn repository(sandbox: &Sandbox, branch: &str) -> Result<()> {
    let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    for arguments in [
        &["init", "--quiet", "--initial-branch", branch][..],
        &["remote", "add", "origin", "https://git.example.com/a.git"],
        &["commit", "--quiet", "--allow-empty", "--message", "x"],
    ] {
        let mut command = Command::new("git");
        let status = command.args(author).args(arguments).current_dir(sandbox.directory()).status()?;
        ensure!(status.success(), "git ended with {status}");
    }
    Ok(())
}

#[test]
fn asks_the_questions_of_prefect_in_the_same_order() -> Result<()> {
    let sessions: Vec<Session> = serde_json::from_str(SESSIONS)?;
    ensure!(sessions.len() > 20, "{} sessions", sessions.len());
    for session in &sessions {
        let (_server, sandbox) = project(session)?;
        let mut terminal = Terminal::start(&sandbox, &session.command.join(" "))?;
        for question in &session.questions {
            let shown = question.shown();
            terminal.sees(&shown).with_context(|| format!("session '{}': {shown}", session.name))?;
            terminal.types(&question.keys)?;
        }
    }
    Ok(())
}
