use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Case {
    case: String,
    pool: WorkPool,
    deployment: Deployment,
    flow_name: String,
    run: RecordedRun,
    submitted: Value,
}

#[derive(Deserialize)]
struct RecordedRun {
    id: String,
    name: String,
    job_variables: JsonObject,
}

fn recorded() -> Vec<Case> {
    serde_json::from_str(include_str!("../../tests/data/jobs/recorded.json")).unwrap()
}

fn subject(case: &Case) -> Subject<'_> {
    let run = &case.run;
    Subject {
        pool: &case.pool,
        deployment: &case.deployment,
        flow_name: &case.flow_name,
        run: Run { id: run.id.clone(), name: run.name.clone(), job_variables: run.job_variables.clone() },
        version: "3.9.1",
    }
}

#[test]
fn previews_match_jobs_of_real_workers() {
    let cases = recorded();
    assert!(cases.len() >= 20);
    for case in &cases {
        let job = prepare(&subject(case)).unwrap();
        let submitted = job.submitted();
        assert_eq!(submitted, case.submitted, "{}: {submitted:#}", case.case);
    }
}

#[test]
fn rejects_jobs_that_no_worker_could_submit() {
    let cases = recorded();
    let case = cases.iter().find(|case| case.case == "kubernetes-plain").unwrap();
    let error_with = |change: &dyn Fn(&mut WorkPool, &mut Deployment)| {
        let (mut pool, mut deployment) = (case.pool.clone(), case.deployment.clone());
        change(&mut pool, &mut deployment);
        let subject = Subject { pool: &pool, deployment: &deployment, ..subject(case) };
        prepare(&subject).unwrap_err().to_string()
    };
    assert_eq!(
        error_with(&|pool, _| drop(pool.base_job_template.remove("job_configuration"))),
        "the base job template of work pool 'pool' has no `job_configuration`"
    );
    assert_eq!(
        error_with(&|pool, _| {
            pool.base_job_template["job_configuration"]["job_manifest"]["kind"] = json!("CronJob");
        }),
        "the job manifest does not contain `kind: Job`"
    );
    assert_eq!(
        error_with(&|_, deployment| {
            deployment.job_variables.insert("env.A".into(), json!(1));
            deployment.job_variables.insert("env.A.B".into(), json!(2));
        }),
        "the path of the job variable 'env.A.B' contains a value that is not an object"
    );
    assert_eq!(
        error_with(&|_, deployment| drop(
            deployment.job_variables.insert("command".into(), json!("echo 'x"))
        )),
        "invalid shell syntax in the command: No closing quotation"
    );
}
