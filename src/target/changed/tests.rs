use super::{dependencies::Excluded, *};
use crate::{
    docker::ignore::Ignore,
    environment::Environment,
    flow::{FlowSources, Inspector},
    test_files,
};

fn load(text: &str) -> Project {
    project::load_source(&Source::new("prefect.yaml", text)).unwrap().0
}

const OLD: &str = r"
definitions:
  tags: &tags [a]
build:
- prefect.deployments.steps.run_shell_script: {script: one}
push:
- prefect.deployments.steps.run_shell_script: {script: one}
deployments:
- {name: a, entrypoint: a.py:f, tags: *tags}
- {name: b, entrypoint: b.py:f, build: []}
- {name: c, entrypoint: c.py:f, build: null, push: null}
";

/// Returns the names of the deployments whose definition differs from [`OLD`].
fn redefined(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (OldProject::Changed(OldDefinitions::new(load(old))), load(new));
    let changed = new.deployments.iter().filter(|declared| has_changed(declared, &new, &old));
    changed.map(|declared| declared.name().unwrap().to_owned()).collect()
}

#[test]
fn compares_definitions() {
    for (from, to, expected) in [
        ("", "", &[][..]),
        ("# comment", "# other", &[]),
        ("&tags [a]", "&tags [b]", &["a"]),
        ("entrypoint: b.py:f", "entrypoint: b.py:g", &["b"]),
        ("name: c", "name: d", &["d"]),
        ("build:\n- prefect.deployments.steps.run_shell_script: {script: one}", "build: []", &["a"]),
        ("push:\n- prefect.deployments.steps.run_shell_script: {script: one}", "push: []", &["a", "b", "c"]),
        ("- {name: a, entrypoint: a.py:f, tags: *tags}\n", "", &[]),
        ("- {name: b, entrypoint: b.py:f, build: []}", "- {build: [], entrypoint: b.py:f, name: b}", &[]),
        ("definitions:", "pull: []\ndefinitions:", &["a", "b", "c"]),
    ] {
        assert!(OLD.contains(from) || from == "# comment", "{from}");
        assert_eq!(redefined(OLD, &OLD.replace(from, to)), expected, "{from} -> {to}");
    }
    let file = load(OLD);
    for (old, expected) in [(OldProject::Same, false), (OldProject::Unusable, true)] {
        assert_eq!(has_changed(&file.deployments[0], &file, &old), expected, "{old:?}");
    }
}

#[test]
fn finds_changed_dependencies() {
    let root = Path::new("/r");
    let program = FlowSources {
        files: [root.join("flows/a.py"), root.join("module/b.py")].into(),
        missing: ["lib/gone".to_owned(), "prefect".to_owned()].into(),
    };
    let directory = |path: &str, ignore: &str| Directory {
        path: root.join(path),
        excluded: Excluded::Docker(Ignore::parse(ignore).unwrap()),
    };
    let dependencies = Dependencies {
        programs: vec![Arc::new(program)],
        files: [root.join("docker/../docker/Dockerfile"), root.join("../outside")].into(),
        directories: vec![directory("image", "*.log\n!keep.log"), directory("../x", "")],
    };
    for (changed, deleted, expected) in [
        (&["flows/a.py", "flows/b.py"][..], &[][..], &["flows/a.py"][..]),
        // A submodule.
        (&["module"], &[], &["module"]),
        (&["docker/Dockerfile", "Dockerfile"], &[], &["docker/Dockerfile"]),
        (&["image/data/x.csv", "images/x.csv"], &[], &["image/data/x.csv"]),
        (&["image/x.log", "image/keep.log"], &[], &["image/keep.log"]),
        (&[], &["src/lib/gone.py", "lib/gone/__init__.py"], &["lib/gone/__init__.py", "src/lib/gone.py"]),
        (&["lib/gone.py"], &["lib/other.py", "gone.py", "lib/gone.txt"], &[]),
        (&["x"], &[], &[]),
    ] {
        let changes = Changes::of(root, changed, deleted);
        assert_eq!(changed_files(&changes, &dependencies), expected, "{changed:?} {deleted:?}");
    }
}

/// Returns the files and directories that a deployment's steps use, relative to the project.
fn of_steps(steps: &str, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    test_files::write(&root, files);
    let project = load(&format!("build:\n{steps}\ndeployments:\n- {{name: a, entrypoint: a.py:f}}\n"));
    let (inspector, environment) = (Inspector::new(), Environment::default());
    let names = FlowNames { inspector: &inspector, directory: &root, environment: &environment };
    let found = Dependencies::of_steps(&project.deployments[0], &project, names);
    let relative = |path: &PathBuf| path.strip_prefix(&root).unwrap().display().to_string();
    let programs = found.programs.iter().flat_map(|program| &program.files);
    (
        programs.chain(&found.files).map(relative).collect(),
        found.directories.iter().map(|directory| relative(&directory.path)).collect(),
    )
}

#[test]
fn finds_the_files_of_steps() {
    const BUILD: &str = "- prefect_docker.deployments.steps.build_docker_image";
    const STEPS: &str = "- prefect.deployments.steps";
    for (steps, files, directories) in [
        (format!("{BUILD}: {{image_name: a, path: img}}"), &["img/Dockerfile"][..], &["img"][..]),
        (
            format!(
                "{BUILD}: {{image_name: a, dockerfile: auto, build_contexts: {{lib: lib, x: 'docker-image://x'}}}}"
            ),
            &[],
            &["", "lib"],
        ),
        (format!("{BUILD}: {{image_name: a, dockerfile: 'x/{{{{ y }}}}'}}"), &[], &[""]),
        (format!("{BUILD}: {{image_name: a, path: 'https://example.com/a.git'}}"), &[], &[]),
        (
            format!(
                "{STEPS}.set_working_directory: {{directory: sub}}\n{STEPS}.pip_install_requirements: {{}}"
            ),
            &["sub/requirements.txt"],
            &[],
        ),
        (
            format!("{STEPS}.run_shell_script: {{script: \"./make.sh 'a b'\\ntrue\", directory: bin}}"),
            &["bin/./make.sh", "bin/a b", "bin/true"],
            &[],
        ),
        (
            "- prefect_aws.deployments.steps.push_to_s3: {bucket: b, folder: f}".to_owned(),
            &[".prefectignore"],
            &[""],
        ),
        (
            "- prefect_gcp.deployments.steps.push_to_gcs: {bucket: b, folder: f, ignore_file: null}"
                .to_owned(),
            &[],
            &[""],
        ),
        ("- tools.build: {}".to_owned(), &["tools.py"], &[]),
        (format!("{STEPS}.run_shell_script: {{script: make, directory: '{{{{ $D }}}}'}}"), &[], &[""]),
        (format!("{STEPS}.set_working_directory: {{directory: '<< env.D >>'}}"), &[], &[""]),
        (format!("{STEPS}.pip_install_requirements: {{requirements_file: '{{{{ $F }}}}'}}"), &[], &[""]),
    ] {
        let (found, contexts) = of_steps(&steps, &[("tools.py", "")]);
        let sorted = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), sorted(files), "{steps}");
        assert_eq!(contexts, directories, "{steps}");
    }
}
