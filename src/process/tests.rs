use std::{
    fs,
    time::{Duration, Instant},
};

use super::*;

/// Runs a script until a file appears in its directory, and then no longer waits for it.
async fn abandon(script: &str, grace: Duration) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let environment = Environment::of_process();
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

fn is_running(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    status.is_ok_and(|text| !text.contains(") Z "))
}

/// One thread, and several: ending a program waits on either.
#[tokio::test]
async fn what_a_program_has_started_ends_with_it() {
    let script = "sleep 1000 & echo $! >grandchild; setsid sleep 1000 & echo $! >elsewhere
                  sh -c 'sleep 1000 & echo $! >great; touch ready; wait'; wait";
    let directory = abandon(script, Duration::from_secs(9)).await;
    for name in ["grandchild", "great"] {
        let pid = fs::read_to_string(directory.path().join(name)).unwrap();
        assert!(!is_running(&pid), "{name} {pid}");
    }
    // `$!` may be the parent that `setsid` has left behind.
    let pid = fs::read_to_string(directory.path().join("elsewhere")).unwrap();
    assert!(!is_running(&pid), "elsewhere {pid}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_may_clean_up_before_it_ends() {
    let script = "sh -c 'trap \"echo cleaning >&2; sleep 0.3; echo done >cleaned; exit\" TERM; touch ready; while :; do sleep 0.05; done' &
                  trap 'exit 0' TERM; wait";
    let directory = abandon(script, Duration::from_secs(9)).await;
    assert_eq!(fs::read_to_string(directory.path().join("cleaned")).unwrap(), "done\n");
}

#[tokio::test]
async fn what_does_not_end_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' TERM; touch ready; while :; do sleep 0.05; done"]);
    let mut child = command.current_dir(directory.path()).process_group(0).spawn().unwrap();
    while !directory.path().join("ready").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let started = Instant::now();
    group::end(&mut child, true, Duration::from_millis(200));
    assert!((200..2000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    assert_eq!(exit_code(child.wait().await.unwrap()), -9);
}
