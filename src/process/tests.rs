use std::{
    fs,
    time::{Duration, Instant},
};

use super::*;

/// Runs a script until it has created the file `ready` and then drops the future.
async fn abandon(script: &str, grace: Duration) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let environment = Environment::from_process();
    let arguments = ["-c".to_owned(), script.to_owned()];
    let program = Program {
        program: "/bin/sh",
        arguments: &arguments,
        directory: directory.path(),
        environment: &environment,
        variables: &BTreeMap::new(),
    };
    let ready = async {
        while !directory.path().join("ready").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let started = Instant::now();
    tokio::select! {
        finished = run(&program, None) => panic!("{finished:?}"),
        () = ready => {}
    }
    assert!(started.elapsed() < grace, "{:?}", started.elapsed());
    directory
}

#[cfg(unix)]
#[test]
fn skips_files_that_are_not_executable() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    for (name, mode) in [("first", 0o644), ("second", 0o755)] {
        let file = folder.path().join(name).join("make");
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    }
    let found = find_on_path("make", Some("first:second"), folder.path());
    assert_eq!(found, Some(folder.path().join("second/make")));
    assert_eq!(find_on_path("make", Some("first"), folder.path()), None);
}

fn is_running(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    status.is_ok_and(|text| !text.contains(") Z "))
}

#[tokio::test]
async fn ends_the_processes_that_a_program_started() {
    let script = "sleep 1000 & echo $! >grandchild; setsid sleep 1000 & echo $! >elsewhere
                  sh -c 'sleep 1000 & echo $! >great; touch ready; wait'; wait";
    let directory = abandon(script, Duration::from_secs(9)).await;
    for name in ["grandchild", "great"] {
        let pid = fs::read_to_string(directory.path().join(name)).unwrap();
        assert!(!is_running(&pid), "{name} {pid}");
    }
    // `$!` may be the ID of the parent process of `setsid`.
    let pid = fs::read_to_string(directory.path().join("elsewhere")).unwrap();
    assert!(!is_running(&pid), "elsewhere {pid}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lets_a_program_clean_up_before_it_ends() {
    let script = "sh -c 'trap \"echo cleaning >&2; sleep 0.3; echo done >cleaned; exit\" TERM; touch ready; while :; do sleep 0.05; done' &
                  trap 'exit 0' TERM; wait";
    let directory = abandon(script, Duration::from_secs(9)).await;
    assert_eq!(fs::read_to_string(directory.path().join("cleaned")).unwrap(), "done\n");
}

#[tokio::test]
async fn kills_a_program_that_ignores_sigterm() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' TERM; touch ready; while :; do sleep 0.05; done"]);
    let mut child = command.current_dir(directory.path()).process_group(0).spawn().unwrap();
    while !directory.path().join("ready").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let identity = group::Identity::new(&child, true, None, None);
    let started = Instant::now();
    group::end(&mut child, &identity, Duration::from_millis(200));
    assert!((200..2000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    assert_eq!(exit_code(child.wait().await.unwrap()), -9);
}

#[tokio::test]
async fn ends_a_program_after_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "sleep 1000 & echo $! >grandchild; touch ready; wait"]);
    let child = command.current_dir(directory.path()).process_group(0).spawn().unwrap();
    while !directory.path().join("ready").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let identity = group::Identity::new(&child, true, None, None);
    let started = Instant::now();
    group::end_without_child(&identity, Duration::from_secs(9));
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    let grandchild = fs::read_to_string(directory.path().join("grandchild")).unwrap();
    let leader = child.id().unwrap_or_default().to_string();
    assert!(![grandchild, leader].iter().any(|pid| is_running(pid)));
}

#[tokio::test]
async fn ends_background_processes_after_the_program_has_exited() {
    // The second process leaves the process group but keeps the output open.
    let script = "sleep 1000 & echo $! >grandchild
                  setsid sh -c 'echo $$ >elsewhere; exec sleep 1000' & sleep 0.2; touch ready";
    let directory = abandon(script, Duration::from_secs(9)).await;
    for name in ["grandchild", "elsewhere"] {
        let pid = fs::read_to_string(directory.path().join(name)).unwrap();
        assert!(!is_running(&pid), "{name} {pid}");
    }
}

#[tokio::test]
async fn a_run_until_exit_leaves_background_processes_running() {
    let directory = tempfile::tempdir().unwrap();
    let environment = Environment::from_process();
    let script =
        "(sleep 0.3; echo late; echo still >written; exec sleep 1000) & echo $! >pid; echo early; exit 3";
    let arguments = ["-c".to_owned(), script.to_owned()];
    let program = Program {
        program: "/bin/sh",
        arguments: &arguments,
        directory: directory.path(),
        environment: &environment,
        variables: &BTreeMap::new(),
    };
    let finished = run_until(Completion::Exit, &program, None).await.unwrap();
    assert_eq!((finished.code, finished.stdout.as_str()), (3, "early\n"));
    // The background process's output still has a reader.
    while !directory.path().join("written").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = fs::read_to_string(directory.path().join("pid")).unwrap();
    assert!(is_running(&pid));
    Command::new("kill").arg(pid.trim()).status().await.unwrap();
}
