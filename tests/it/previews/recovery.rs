//! Tests of `deploy --resume` and `rollback` after an incomplete deploy of a preview.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use super::*;
use crate::support::{Proxy, Verdict};

/// An incomplete deploy of a preview is resumed as a deploy of the same preview. A rollback also updates the
/// record.
#[test]
#[ignore = "needs services: run tests/run"]
fn incomplete_preview_is_resumed_or_rolled_back() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    let refuses = Arc::new(AtomicBool::new(true));
    let refuses_second = Arc::clone(&refuses);
    let proxy = Proxy::start(api.url(), move |seen, _| {
        let second = seen.line == "POST /api/deployments/" && seen.body.contains("\"name\":\"leave--");
        if second && refuses_second.load(SeqCst) { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let sandbox = sandbox.variable("PREFECT_API_URL", proxy.url());
    for recovery in ["rollback --yes", "deploy --resume --quiet"] {
        refuses.store(true, SeqCst);
        let output = sandbox.run("deploy --all --preview pr-UNIQUE --quiet")?;
        assert_ne!(output.code, 0, "{output}");
        assert!(output.stderr.contains("run `prefectl deploy --resume` to continue"), "{output}");
        assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
        refuses.store(false, SeqCst);
        sandbox.run(recovery).and_then(Output::success)?;
        if recovery.starts_with("rollback") {
            assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
            assert_eq!(api.get(&record(&sandbox))?, None);
        }
    }
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE", "leave--pr-UNIQUE"]);
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    refuses.store(true, SeqCst);
    let output = sandbox.run("deploy --all --preview pr-UNIQUE --on-error rollback --quiet")?;
    assert_ne!(output.code, 0, "{output}");
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}
