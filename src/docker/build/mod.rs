//! Builds images with the Docker engine's classic builder.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use bollard::{
    BollardRequest, body_full, body_try_stream, models::BuildInfo, query_parameters::BuildImageOptions,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::error::Elapsed;

use super::{
    auth::Credentials,
    context::BuildContext,
    engine::{Engine, message},
    error::{BuildFailure, DockerError},
    fingerprint::Fingerprint,
    instructions::{Instruction, instructions},
    lines::Lines,
};
use crate::progress::{Progress, Stream as OutputStream};

/// Number of output lines that an error message includes.
const LAST_LINES: usize = 10;

/// The source of a build's files.
#[derive(Debug)]
pub(crate) enum BuildSource {
    Directory(BuildContext),
    /// A Git repository or an archive. The engine downloads it.
    Remote {
        url: String,
        dockerfile: String,
    },
}

/// Build options in the format of the engine's API.
#[expect(clippy::struct_excessive_bools, reason = "they are independent options of the engine")]
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct BuildOptions {
    pub(crate) pull: bool,
    pub(crate) no_cache: bool,
    /// Whether to remove intermediate containers after a successful build. To remove them after a failed
    /// build too, set `force_remove`.
    pub(crate) remove: bool,
    pub(crate) force_remove: bool,
    /// Whether to compress the build context during the upload.
    pub(crate) compress: bool,
    /// Maximum time between two events of the engine.
    pub(crate) event_timeout: Option<Duration>,
    pub(crate) squash: bool,
    /// Whether to hide the output of the build.
    pub(crate) quiet: bool,
    pub(crate) build_arguments: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) cache_from: Vec<String>,
    pub(crate) target: Option<String>,
    /// Platforms to build for. An empty list means the platform of the builder.
    pub(crate) platforms: Vec<String>,
    pub(crate) network: Option<String>,
    pub(crate) isolation: Option<String>,
    /// Additional host entries, as `name:address`.
    pub(crate) extra_hosts: Vec<String>,
    /// Size of `/dev/shm` in bytes.
    pub(crate) shared_memory: Option<i64>,
    pub(crate) limits: Limits,
}

/// Resource limits of the containers that a build runs.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) memory: Option<i64>,
    pub(crate) memswap: Option<i64>,
    pub(crate) cpushares: Option<i64>,
    pub(crate) cpusetcpus: Option<String>,
}

impl Engine {
    /// Builds an image, tags it with all `references` and returns its ID.
    pub(crate) async fn build(
        &self,
        source: BuildSource,
        options: &BuildOptions,
        references: &[String],
        credentials: &HashMap<String, Credentials>,
        progress: &dyn Progress,
    ) -> Result<String, DockerError> {
        let client = self.client.clone().with_request_modifier(adjust(options));
        let registries = credentials
            .iter()
            .map(|(registry, credentials)| {
                let credentials = credentials.for_engine(registry);
                (credentials.serveraddress.clone().unwrap_or_default(), credentials)
            })
            .collect();
        let mut query = options.query();
        query.t = references.first().cloned();
        let mut log =
            BuildLog { event_timeout: options.event_timeout, ..BuildLog::new(progress, options.quiet) };
        match source {
            BuildSource::Remote { url, dockerfile } => {
                query.remote = Some(url);
                query.dockerfile = dockerfile;
                let body = body_full(Bytes::new());
                log.follow(client.build_image(query, Some(registries), Some(body))).await?;
            }
            BuildSource::Directory(context) => {
                context.dockerfile().clone_into(&mut query.dockerfile);
                log.instructions = instructions(&context.dockerfile_text()?);
                let (body, sending) = context.stream(options.compress);
                let events = client.build_image(query, Some(registries), Some(body_try_stream(body)));
                if let Err(error) = log.follow(events).await {
                    // If the build context cannot be read, its error explains the failure better than the
                    // engine's error.
                    return Err(sending.failure().await.unwrap_or(error));
                }
            }
        }
        let id = self.built_id(log.image_id, references).await?;
        for reference in references.iter().skip(1) {
            self.tag(&id, reference).await?;
        }
        Ok(id)
    }

    /// Returns the image ID that the build reported. If the build reported no ID, looks up the ID of the first
    /// reference.
    async fn built_id(&self, reported: Option<String>, references: &[String]) -> Result<String, DockerError> {
        if let Some(id) = reported {
            return Ok(id);
        }
        let name = references.first().map(String::as_str).unwrap_or_default();
        self.image_id(name).await.ok_or_else(|| DockerError::Engine {
            action: "build the image",
            message: "the build ended without reporting an image ID".to_owned(),
        })
    }
}

impl BuildOptions {
    /// Adds all options that affect the image to a fingerprint.
    ///
    /// The pattern names every field, so a new option does not compile until it is handled here.
    pub(crate) fn describe(&self, fingerprint: &mut Fingerprint) {
        let Self {
            build_arguments,
            labels,
            target,
            platforms,
            network,
            isolation,
            extra_hosts,
            squash,
            // The digests of base images are added separately, because they depend on the registry.
            pull: _,
            // These options affect the cache, the output and the containers of a build, but not the image.
            no_cache: _,
            remove: _,
            force_remove: _,
            compress: _,
            event_timeout: _,
            quiet: _,
            cache_from: _,
            shared_memory: _,
            limits: _,
        } = self;
        let pairs = [("argument", build_arguments), ("label", labels)];
        for (kind, (name, value)) in
            pairs.iter().flat_map(|(kind, pairs)| pairs.iter().map(move |pair| (kind, pair)))
        {
            fingerprint.add(kind, name);
            fingerprint.add("value", value);
        }
        for (name, text) in [("target", target), ("network", network), ("isolation", isolation)] {
            fingerprint.add(name, text.as_deref().unwrap_or_default());
        }
        for platform in platforms.iter().collect::<BTreeSet<_>>() {
            fingerprint.add("platform", platform);
        }
        for host in extra_hosts {
            fingerprint.add("host", host);
        }
        fingerprint.add("squash", [u8::from(*squash)]);
    }

    fn query(&self) -> BuildImageOptions {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let map = |map: &BTreeMap<String, String>| Some(map.clone().into_iter().collect());
        BuildImageOptions {
            rm: self.remove,
            forcerm: self.force_remove,
            nocache: self.no_cache,
            pull: self.pull.then(|| "true".to_owned()),
            squash: self.squash.then_some(true),
            buildargs: map(&self.build_arguments),
            labels: map(&self.labels),
            cachefrom: (!self.cache_from.is_empty()).then(|| self.cache_from.clone()),
            target: text(&self.target),
            platform: self.platforms.join(","),
            networkmode: self.network.clone(),
            ..BuildImageOptions::default()
        }
    }
}

/// Returns a function that completes bollard's build requests. bollard does not support repeated or unknown query
/// parameters, integers wider than 32 bits, or credentials in URL-safe base64.
fn adjust(options: &BuildOptions) -> impl Fn(BollardRequest) -> BollardRequest + Send + Sync + 'static {
    let limits = &options.limits;
    let numbers = [
        ("shmsize", options.shared_memory),
        ("memory", limits.memory),
        ("memswap", limits.memswap),
        ("cpushares", limits.cpushares),
    ];
    let texts = [("cpusetcpus", &limits.cpusetcpus), ("isolation", &options.isolation)];
    let mut more = url::form_urlencoded::Serializer::new(String::new());
    more.extend_pairs(options.extra_hosts.iter().map(|host| ("extrahosts", host)));
    more.extend_pairs(numbers.iter().filter_map(|(name, number)| Some((name, number.as_ref()?.to_string()))));
    more.extend_pairs(texts.iter().filter_map(|(name, text)| Some((name, text.as_ref()?))));
    let more = more.finish();
    move |mut request| {
        if !more.is_empty()
            && let Ok(uri) = format!("{}&{more}", request.uri()).parse()
        {
            *request.uri_mut() = uri;
        }
        make_credentials_url_safe(request)
    }
}

/// Converts the credentials of a request to URL-safe base64. The engine expects this alphabet, but bollard uses the
/// standard alphabet.
pub(super) fn make_credentials_url_safe(mut request: BollardRequest) -> BollardRequest {
    for name in ["x-registry-auth", "x-registry-config"] {
        if let Some(value) = request.headers_mut().get_mut(name)
            && let Some(safe) =
                value.to_str().ok().and_then(|text| text.replace('+', "-").replace('/', "_").parse().ok())
        {
            *value = safe;
        }
    }
    request
}

/// The progress of a build, as reported by the engine's events.
struct BuildLog<'a> {
    progress: &'a dyn Progress,
    quiet: bool,
    lines: Lines,
    step: Option<String>,
    last_lines: VecDeque<String>,
    image_id: Option<String>,
    /// Instructions of the Dockerfile, or an empty list if the Dockerfile is on a remote host.
    instructions: Vec<Instruction>,
    event_timeout: Option<Duration>,
}

impl<'a> BuildLog<'a> {
    fn new(progress: &'a dyn Progress, quiet: bool) -> Self {
        Self {
            progress,
            quiet,
            lines: Lines::default(),
            step: None,
            last_lines: VecDeque::new(),
            image_id: None,
            instructions: Vec::new(),
            event_timeout: None,
        }
    }

    async fn follow(
        &mut self,
        events: impl Stream<Item = Result<BuildInfo, bollard::errors::Error>>,
    ) -> Result<(), DockerError> {
        let mut events = std::pin::pin!(events);
        loop {
            let Ok(next) = self.next(&mut events).await else {
                let seconds = self.event_timeout.unwrap_or_default().as_secs_f64();
                return Err(self.failure(format!("the engine sent no output for {seconds} seconds")));
            };
            let Some(event) = next else { break };
            match event {
                Ok(event) => self.event(event),
                Err(error) => {
                    let rest = self.lines.finish();
                    self.print(rest);
                    return Err(self.failure(message(&error)));
                }
            }
        }
        let rest = self.lines.finish();
        self.print(rest);
        Ok(())
    }

    /// Returns a stream's next event.
    ///
    /// # Errors
    ///
    /// Fails if the engine sends no event before the timeout.
    async fn next<T>(&self, events: &mut (impl Stream<Item = T> + Unpin)) -> Result<Option<T>, Elapsed> {
        match self.event_timeout {
            Some(longest) => tokio::time::timeout(longest, events.next()).await,
            None => Ok(events.next().await),
        }
    }

    fn event(&mut self, event: BuildInfo) {
        if let Some(id) = event.aux.and_then(|image| image.id) {
            self.image_id = Some(id);
        }
        if let Some(text) = event.stream {
            let lines = self.lines.push(&text);
            self.print(lines);
        }
        // The engine is pulling a base image. Its progress bars are not shown.
        if let (Some(status), None) = (event.status, event.progress_detail.and_then(|detail| detail.current))
        {
            let layer = event.id.map(|id| format!("{id}: ")).unwrap_or_default();
            self.progress.status(&format!("{layer}{status}"));
        }
    }

    fn print(&mut self, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            if !self.quiet {
                self.progress.output(OutputStream::Stdout, &line);
            }
            if line.starts_with("Step ") && line.contains(" : ") {
                self.step = Some(line);
                self.last_lines.clear();
                continue;
            }
            if self.last_lines.len() == LAST_LINES {
                self.last_lines.pop_front();
            }
            // The engine sends the lines of stderr with color codes.
            self.last_lines.push_back(anstream::adapter::strip_str(&line).to_string());
        }
    }

    fn failure(&self, message: String) -> DockerError {
        // Lines with the IDs of intermediate containers are not helpful.
        let is_from_engine =
            |line: &str| line.starts_with(" ---> ") || line.starts_with("Removing intermediate container ");
        let is_relevant = |line: &&String| !line.trim().is_empty() && !is_from_engine(line);
        DockerError::Build(BuildFailure {
            message,
            step: self.step.clone(),
            line: self.step.as_deref().and_then(|step| line_of(step, &self.instructions)),
            last_lines: self.last_lines.iter().filter(is_relevant).cloned().collect(),
        })
    }
}

/// Returns the line number of the instruction in a progress message such as `Step 2/3 : RUN make`.
///
/// The engine counts its own instructions after the instructions of the Dockerfile, so the step number is
/// also the position in the Dockerfile. Returns `None` if the keyword of this instruction differs.
fn line_of(step: &str, instructions: &[Instruction]) -> Option<usize> {
    let (number, text) = step.strip_prefix("Step ")?.split_once(" : ")?;
    let number: usize = number.split_once('/')?.0.parse().ok()?;
    let instruction = instructions.get(number.checked_sub(1)?)?;
    let keyword = text.split_whitespace().next()?;
    (instruction.keyword() == keyword.to_uppercase()).then_some(instruction.line)
}

#[cfg(test)]
mod tests;
