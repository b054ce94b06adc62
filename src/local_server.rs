//! Runs Prefect servers with the user's Python interpreter, either as a temporary server for a single command or in the
//! foreground.
//!
//! A temporary server has no UI and no scheduler, as in Prefect. The server uses the database in `PREFECT_HOME`, so
//! that later commands find the objects that this command creates.

use std::{
    collections::BTreeMap,
    io::{self, Read as _, Seek as _},
    net::TcpListener,
    path::Path,
    time::{Duration, Instant},
};

use rand::Rng as _;

use crate::{
    api::{ApiError, Client, ClientOptions},
    clock::Clock,
    environment::Environment,
    interpreter::{NoInterpreter, Script, Search, SearchScope},
    process::{self, Background},
    progress::Progress,
};

/// Port range of temporary servers. Prefect uses the same range.
const PORTS: std::ops::Range<u16> = 8000..9000;

/// Number of random ports to try before the operating system selects a port. Also the maximum number of relaunches if
/// other programs take the selected ports.
const PORT_TRIES: u32 = 10;

/// Exit code of a server that fails to start, for example because its port is already in use.
const STARTUP_FAILURE: i32 = 3;

/// Options of a local server.
pub(crate) struct LocalServerOptions<'a> {
    /// Interpreters that may be started.
    pub(crate) scope: SearchScope,
    pub(crate) environment: &'a Environment,
    pub(crate) directory: &'a Path,
    /// Setting values, keyed by name. Excludes settings from the environment.
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) clock: &'a Clock,
    /// Maximum time to wait for the server to respond.
    pub(crate) start_timeout: Duration,
}

/// A running server. The server is stopped when the value is dropped.
#[derive(Debug)]
pub(crate) struct LocalServer {
    /// URL of the API.
    pub(crate) url: String,
    port: u16,
    process: Background,
}

/// The error returned if a local server cannot be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalServerError {
    #[error(transparent)]
    NoPython(#[from] NoInterpreter),
    #[error("cannot start a Prefect server: {0}")]
    Start(#[from] io::Error),
    #[error("the temporary server exited with code {code}{}", indented(.output))]
    Ended { code: i32, output: String },
    #[error("the temporary server was not ready after {} s{}", .after.as_secs(), indented(.output))]
    NotReady { after: Duration, output: String },
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl LocalServer {
    /// Starts a temporary server and waits until the server responds.
    pub(crate) async fn start(
        options: &LocalServerOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<Self, LocalServerError> {
        let python = python(options).await?;
        let mut output = tempfile::tempfile()?;
        let deadline = Instant::now() + options.start_timeout;
        let mut server = Self::launch(options, &python, &output)?;
        let mut launches = 1..=PORT_TRIES;
        progress.status(&format!("Starting a temporary Prefect server on {} ...", server.url));
        loop {
            match server.process.exit_code()? {
                Some(STARTUP_FAILURE) if !is_free(server.port) && launches.next().is_some() => {
                    server = Self::launch(options, &python, &output)?;
                }
                Some(code) => return Err(LocalServerError::Ended { code, output: last_lines(&mut output) }),
                None => {}
            }
            if server.client(options)?.health().await.is_ok() {
                return Ok(server);
            }
            if Instant::now() > deadline {
                let output = last_lines(&mut output);
                return Err(LocalServerError::NotReady { after: options.start_timeout, output });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn launch(
        options: &LocalServerOptions<'_>,
        python: &str,
        output: &std::fs::File,
    ) -> Result<Self, LocalServerError> {
        const APPLICATION: [&str; 2] = ["--factory", "prefect.server.api.server:create_app"];
        let port = free_port()?;
        let port_argument = port.to_string();
        let listen =
            ["--host", "127.0.0.1", "--port", &port_argument, "--log-level", "error", "--lifespan", "on"];
        let mut variables = options.settings.clone();
        for (name, value) in
            [("PREFECT_UI_ENABLED", "0"), ("PREFECT__SERVER_EPHEMERAL", "1"), ("PREFECT__SERVER_FINAL", "1")]
        {
            variables.insert(name.to_owned(), value.to_owned());
        }
        let arguments = APPLICATION.into_iter().chain(listen);
        let script = Script::module("uvicorn", arguments, &options.environment.without_api_credentials());
        let program = script.program(python, options.directory, &variables);
        let process = Background::start(&program, output.try_clone()?)?;
        Ok(Self { url: format!("http://127.0.0.1:{port}/api"), port, process })
    }

    /// Returns a client without retries.
    fn client(&self, options: &LocalServerOptions<'_>) -> Result<Client, ApiError> {
        let mut client = ClientOptions::without_credentials(&self.url, options.environment);
        client.retry.max_retries = 0;
        Client::new(client, options.clock.clone(), std::sync::Arc::new(|_| ()))
    }

    pub(crate) fn stop(self, progress: &dyn Progress) {
        progress.status(&format!("Stopping the temporary server on {}", self.url));
    }
}

/// Runs `prefect server start` with the given arguments until the server exits. Returns the server's exit code.
pub(crate) async fn run_in_foreground(
    options: &LocalServerOptions<'_>,
    arguments: &[String],
) -> Result<i32, LocalServerError> {
    let python = python(options).await?;
    let arguments = ["server", "start"].into_iter().chain(arguments.iter().map(String::as_str));
    let script = Script::module("prefect", arguments, options.environment);
    let program = script.program(&python, options.directory, &options.settings);
    Ok(process::run_in_foreground(&program).await?)
}

/// Returns a Python interpreter with Prefect and its server installed.
async fn python(options: &LocalServerOptions<'_>) -> Result<String, NoInterpreter> {
    let LocalServerOptions { scope, environment, directory, .. } = *options;
    let search = Search { chosen: None, scope, environment, directory };
    Ok(search.find(&["prefect", "uvicorn"]).await?.program)
}

fn free_port() -> io::Result<u16> {
    let mut random = rand::rng();
    let tried = (0..PORT_TRIES).map(|_| random.random_range(PORTS));
    for port in tried {
        if is_free(port) {
            return Ok(port);
        }
    }
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// Returns the last lines of the server's output.
fn last_lines(output: &mut std::fs::File) -> String {
    const LINES: usize = 15;
    let mut bytes = Vec::new();
    // Output that cannot be read is omitted.
    let _ = output.rewind().and_then(|()| output.read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

fn indented(output: &str) -> String {
    output.lines().flat_map(|line| ["\n  | ", line]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    /// Starts a server whose Python interpreter is a shell script. The script answers the check for installed
    /// modules, and then runs `body`.
    async fn start(body: &str, start_timeout: Duration) -> Result<LocalServer, LocalServerError> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        let probe = r#"case "$3" in *find_spec*) false;; esac || { echo '{"version": "3.12.0", "missing": []}'; exit; }"#;
        std::fs::write(&python, format!("#!/bin/sh\n{probe}\n{body}\n")).unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        let environment = Environment::from_iter([
            ("PREFECTL_PYTHON", python.to_str().unwrap()),
            ("PATH", "/usr/bin:/bin"),
        ]);
        let options = LocalServerOptions {
            scope: SearchScope::Selected,
            environment: &environment,
            directory: folder.path(),
            settings: BTreeMap::new(),
            clock: &Clock::system(),
            start_timeout,
        };
        LocalServer::start(&options, &Silent).await
    }

    #[tokio::test]
    async fn reports_the_output_of_a_server_that_does_not_start() {
        let error = start("echo no database >&2; exit 7", Duration::from_secs(20)).await.unwrap_err();
        assert_eq!(error.to_string(), "the temporary server exited with code 7\n  | no database");
        // A failed migration results in the same exit code as a port that is in use.
        let error = start("echo no migration >&2; exit 3", Duration::from_secs(20)).await.unwrap_err();
        assert_eq!(error.to_string(), "the temporary server exited with code 3\n  | no migration");
        let error = start("exec sleep 60", Duration::from_millis(300)).await.unwrap_err();
        assert!(error.to_string().starts_with("the temporary server was not ready after 0 s"), "{error}");
    }
}
