use std::{fs, io::Read};

use futures_util::StreamExt;

use super::*;
use crate::test_files;

/// Describes each entry of an archive as `kind path content-or-target`.
fn listing(archive: &[u8]) -> Vec<String> {
    let mut listing = Vec::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        let target = entry.link_name().unwrap().map(|target| target.to_str().unwrap().to_owned());
        listing.push(match entry.header().entry_type() {
            tar::EntryType::Directory => format!("d {path}"),
            tar::EntryType::Symlink => format!("l {path} {}", target.unwrap()),
            _ => format!("f {path} {content}"),
        });
    }
    listing
}

fn archive(root: &Path, dockerfile: Dockerfile<'_>) -> (String, Vec<String>) {
    let context = BuildContext::open(root, dockerfile).unwrap();
    let mut archive = Vec::new();
    context.write(&mut archive).unwrap();
    (context.dockerfile().to_owned(), listing(&archive))
}

#[test]
fn sorts_entries_with_directories_before_their_contents() {
    let root =
        test_files::directory(&[("b.py", "B"), ("a/z.py", "Z"), ("a/b/c.py", "C"), ("Dockerfile", "FROM x")]);
    let (dockerfile, entries) = archive(root.path(), Dockerfile::Path("Dockerfile"));
    assert_eq!(dockerfile, "Dockerfile");
    assert_eq!(entries, ["f Dockerfile FROM x", "d a", "d a/b", "f a/b/c.py C", "f a/z.py Z", "f b.py B"]);
}

#[test]
#[cfg(unix)]
fn keeps_modes_times_and_links_and_skips_sockets() {
    use std::os::unix::{fs::PermissionsExt, net::UnixListener};

    let root = test_files::directory(&[("Dockerfile", ""), ("run.sh", "#!/bin/sh")]);
    let script = root.path().join("run.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o750)).unwrap();
    let time = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(&script).unwrap().set_modified(time).unwrap();
    std::os::unix::fs::symlink("/nowhere", root.path().join("link")).unwrap();
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();

    let context = BuildContext::open(root.path(), Dockerfile::Path("Dockerfile")).unwrap();
    let mut bytes = Vec::new();
    context.write(&mut bytes).unwrap();
    assert_eq!(listing(&bytes), ["f Dockerfile ", "l link /nowhere", "f run.sh #!/bin/sh"]);
    let mut reader = tar::Archive::new(bytes.as_slice());
    let script = reader.entries().unwrap().nth(2).unwrap().unwrap();
    assert_eq!(script.header().mode().unwrap(), 0o750);
    assert_eq!(script.header().mtime().unwrap(), 1_000_000_000);
    assert_eq!((script.header().uid().unwrap(), script.header().gid().unwrap()), (0, 0));
}

#[test]
fn adds_a_generated_dockerfile_only_to_the_archive() {
    let root = test_files::directory(&[("flow.py", "code"), (".dockerignore", "Dockerfile\n")]);
    let (dockerfile, entries) = archive(root.path(), Dockerfile::Text("FROM auto\n"));
    assert_eq!(dockerfile, "Dockerfile");
    assert_eq!(entries, ["f Dockerfile FROM auto\n", "f .dockerignore Dockerfile\n", "f flow.py code"]);
    assert!(!root.path().join("Dockerfile").exists());
}

#[test]
fn keeps_the_dockerfile_of_the_directory() {
    let root = test_files::directory(&[("Dockerfile", "FROM mine\n")]);
    let (dockerfile, entries) = archive(root.path(), Dockerfile::Text("FROM auto\n"));
    assert!(dockerfile.starts_with(".dockerfile."), "{dockerfile}");
    assert_eq!(
        entries,
        [
            format!("f {dockerfile} FROM auto\n"),
            format!("f .dockerignore .dockerignore\n{dockerfile}\n"),
            "f Dockerfile FROM mine\n".to_owned(),
        ]
    );
}

#[test]
fn sends_an_external_dockerfile_under_an_ignored_name() {
    let root = test_files::directory(&[
        ("build/Dockerfile", "FROM x\n"),
        ("src/a.py", "A"),
        ("src/.dockerignore", "*.pyc"),
    ]);
    let (dockerfile, entries) = archive(&root.path().join("src"), Dockerfile::Path("../build/Dockerfile"));
    assert_eq!(
        entries,
        [
            format!("f {dockerfile} FROM x\n"),
            format!("f .dockerignore *.pyc\n{dockerfile}\n"),
            "f a.py A".to_owned(),
        ]
    );
    let again = archive(&root.path().join("src"), Dockerfile::Path("../build/Dockerfile"));
    assert_eq!(again, (dockerfile, entries), "the name is the same in every build");
}

#[test]
fn accepts_any_path_to_a_dockerfile_inside() {
    let root = test_files::directory(&[("docker/Dockerfile.etl", "FROM x"), (".dockerignore", "*")]);
    let absolute = root.path().join("docker/Dockerfile.etl");
    for path in ["docker/Dockerfile.etl", "./docker//Dockerfile.etl", absolute.to_str().unwrap()] {
        let (dockerfile, entries) = archive(root.path(), Dockerfile::Path(path));
        assert_eq!(dockerfile, "docker/Dockerfile.etl", "{path}");
        assert_eq!(entries, ["f .dockerignore *", "f docker/Dockerfile.etl FROM x"], "{path}");
    }
}

#[test]
fn accepts_a_dockerfile_that_is_not_utf8() {
    let root = test_files::directory(&[("src/a.py", "A")]);
    let dockerfile = b"# \xe9t\xe9\nFROM x\n";
    for path in ["Dockerfile", "src/Dockerfile"] {
        fs::write(root.path().join(path), dockerfile).unwrap();
    }
    for path in ["Dockerfile", "../Dockerfile"] {
        let context = BuildContext::open(&root.path().join("src"), Dockerfile::Path(path)).unwrap();
        assert_eq!(context.dockerfile_text().unwrap(), "# \u{fffd}t\u{fffd}\nFROM x\n", "{path}");
        let mut bytes = Vec::new();
        context.write(&mut bytes).unwrap();
        assert!(bytes.windows(dockerfile.len()).any(|window| window == dockerfile), "{path}");
    }
}

#[test]
fn errors_name_missing_files() {
    let root = test_files::directory(&[("a.py", "")]);
    let error = |root: &Path| BuildContext::open(root, Dockerfile::Path("Nope")).unwrap_err().to_string();
    assert_eq!(error(root.path()), "Cannot locate specified Dockerfile: Nope");
    let missing = root.path().join("missing");
    assert_eq!(error(&missing), format!("the build context '{}' is not a directory", missing.display()));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_the_archive() {
    let root = test_files::directory(&[("Dockerfile", "FROM x"), ("big", &"0123456789".repeat(100_000))]);
    let mut expected = Vec::new();
    BuildContext::open(root.path(), Dockerfile::Path("Dockerfile")).unwrap().write(&mut expected).unwrap();
    let context = BuildContext::open(root.path(), Dockerfile::Path("Dockerfile")).unwrap();
    let (stream, sending) = context.stream(false);
    let chunks: Vec<Bytes> = stream.map(Result::unwrap).collect().await;
    assert!(chunks.len() > 2 && chunks.iter().all(|chunk| chunk.len() <= CHUNK));
    assert!(chunks.concat() == expected);
    assert!(sending.failure().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn ignores_a_closed_reader() {
    let root = test_files::directory(&[("Dockerfile", ""), ("big", &"0".repeat(10 * CHUNK * CHUNKS_AHEAD))]);
    let (stream, sending) =
        BuildContext::open(root.path(), Dockerfile::Path("Dockerfile")).unwrap().stream(false);
    drop(stream);
    assert!(sending.failure().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_an_unreadable_directory() {
    let root = test_files::directory(&[("Dockerfile", "")]);
    let context = BuildContext::open(root.path(), Dockerfile::Path("Dockerfile")).unwrap();
    let path = root.path().to_owned();
    root.close().unwrap();
    let (stream, sending) = context.stream(false);
    let chunks: Vec<_> = stream.collect().await;
    assert!(chunks.last().is_some_and(Result::is_err));
    let message = sending.failure().await.unwrap().to_string();
    assert!(message.starts_with(&format!("cannot read {}", path.display())), "{message}");
}
