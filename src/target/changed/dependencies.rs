//! Determines the files that a deployment depends on.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    docker::{ignore::Ignore, named_context::NamedContext},
    flow::{Entrypoint, FlowSources},
    fs,
    project::{Declared, Project},
    steps::{Section, StepItem, StepKind, build_context, dockerfile_path, split_words},
    storage::ignore_file::{IgnoreFile, Lines},
    target::FlowNames,
    template::{has_template, is_template},
    value::{Mapping, Value},
};

/// Files that a deployment depends on. All paths are absolute.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// The flow, and Python functions that are used as steps.
    pub(super) programs: Vec<Arc<FlowSources>>,
    /// Files that steps read, such as Dockerfiles and requirements.
    pub(super) files: BTreeSet<PathBuf>,
    pub(super) directories: Vec<Directory>,
}

/// A directory whose files a step sends to a builder or to storage.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) excluded: Excluded,
}

/// Files in a directory that a step excludes.
#[derive(Debug)]
pub(super) enum Excluded {
    Nothing,
    /// Files that match the patterns of `.dockerignore`.
    Docker(Ignore),
    /// Files that match a push step's ignore patterns.
    Push(IgnoreFile),
}

impl Excluded {
    /// Returns whether the patterns exclude a file. The path is relative to the directory, with `/` as the separator.
    pub(super) fn contains(&self, path: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Docker(ignore) => ignore.excludes(path),
            Self::Push(ignore) => ignore.ignores(Path::new(path)),
        }
    }
}

impl Directory {
    pub(super) fn complete(path: &Path) -> Self {
        Self { path: path.to_owned(), excluded: Excluded::Nothing }
    }

    fn build_context(path: PathBuf) -> Self {
        let patterns = fs::read_ignore_file(&path.join(".dockerignore")).ok().flatten();
        // The build reports invalid patterns.
        let mut ignore = Ignore::parse(patterns.as_deref().unwrap_or_default()).unwrap_or_default();
        ignore.always_keep(".dockerignore");
        Self { path, excluded: Excluded::Docker(ignore) }
    }
}

impl Dependencies {
    /// Returns the files that a deployment's steps use, excluding the flow's program.
    pub(super) fn of_steps(declared: &Declared, project: &Project, names: FlowNames<'_>) -> Self {
        let mut dependencies = Self::default();
        for section in Section::ALL {
            let own = declared.fields.steps(section);
            let steps = if own.uses_shared(section) { project.steps(section) } else { &own };
            let mut directory = names.directory.to_owned();
            for item in steps.items() {
                if section != Section::Pull && has_unknown_path(item) {
                    // The step's files are unknown, so the step may use any project file.
                    dependencies.directories.push(Directory::complete(names.directory));
                } else {
                    dependencies.add_step(item, &directory, names);
                }
                if let Some(path) = item.working_directory().filter(|path| !is_template(path)) {
                    directory.push(path);
                }
            }
        }
        dependencies
    }

    /// Adds the files of a step that runs in a directory.
    fn add_step(&mut self, item: StepItem<'_>, directory: &Path, names: FlowNames<'_>) {
        let inputs = item.all_inputs;
        match item.kind() {
            StepKind::BuildDockerImage => self.add_build(inputs, directory),
            StepKind::PipInstallRequirements => {
                let path = text(inputs, "requirements_file").unwrap_or("requirements.txt");
                self.files.insert(directory.join(text(inputs, "directory").unwrap_or_default()).join(path));
            }
            StepKind::RunShellScript => {
                let directory = directory.join(text(inputs, "directory").unwrap_or_default());
                let script = text(inputs, StepItem::SCRIPT).unwrap_or_default();
                let words = script.lines().filter_map(|line| split_words(line).ok()).flatten();
                self.files.extend(words.filter(|word| !word.is_empty()).map(|word| directory.join(word)));
            }
            StepKind::PushToS3 => self.add_push(inputs, directory, Lines::Trimmed),
            StepKind::PushToGcs | StepKind::PushToAzure => {
                self.add_push(inputs, directory, Lines::AsWritten);
            }
            StepKind::PythonFunction => {
                let function = Entrypoint::parse(item.name).ok();
                let sources = function.and_then(|function| names.sources(&function));
                self.programs.extend(sources);
            }
            _ => {}
        }
    }

    fn add_push(&mut self, inputs: &Mapping, directory: &Path, lines: Lines) {
        let file = match inputs.get("ignore_file") {
            None => ".prefectignore",
            Some(file) => file.as_str().unwrap_or_default(),
        };
        if file.is_empty() {
            self.directories.push(Directory::complete(directory));
            return;
        }
        let path = directory.join(file);
        // The push reports invalid patterns.
        let ignore = IgnoreFile::read(&path, lines).ok().flatten().unwrap_or_default();
        self.files.insert(path);
        self.directories.push(Directory { path: directory.to_owned(), excluded: Excluded::Push(ignore) });
    }

    fn add_build(&mut self, inputs: &Mapping, directory: &Path) {
        let Some(context) = build_context(inputs) else { return };
        self.directories.push(Directory::build_context(directory.join(context)));
        self.files.extend(dockerfile_path(inputs).map(|path| directory.join(path)));
        let others = inputs.get("build_contexts").and_then(Value::as_mapping);
        for path in others.into_iter().flat_map(Mapping::values).filter_map(Value::as_str) {
            if let NamedContext::Directory(path) = NamedContext::parse(path) {
                self.directories.push(Directory::build_context(directory.join(path)));
            }
        }
    }
}

/// Returns whether a step reads files whose paths contain templates. Pull steps read their files on the worker.
fn has_unknown_path(item: StepItem<'_>) -> bool {
    let paths: &[&str] = match item.kind() {
        StepKind::BuildDockerImage => &["path", "dockerfile", "build_contexts"],
        StepKind::PipInstallRequirements => &["directory", "requirements_file"],
        StepKind::RunShellScript | StepKind::SetWorkingDirectory => &["directory"],
        StepKind::PushToS3 | StepKind::PushToGcs | StepKind::PushToAzure => &["ignore_file"],
        _ => &[],
    };
    paths.iter().any(|key| item.all_inputs.get(*key).is_some_and(has_template))
}

fn text<'a>(inputs: &'a Mapping, key: &str) -> Option<&'a str> {
    inputs.get(key).and_then(Value::as_str)
}
