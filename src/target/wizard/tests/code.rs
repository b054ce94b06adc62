//! Questions about images and storage.

use super::*;

#[tokio::test]
async fn builds_and_pushes_an_image_for_pools_that_accept_images() {
    let flow = options(|options| options.entrypoint = Some("flow.py:hello".to_owned()));
    let mut server = pools(&[("d", "docker")]);
    server.blocks = vec!["deployment-y-d-registry-creds".to_owned()];
    // Answers without schedules; the image contains the code.
    let answers =
        ["x", "d", "y", "me", "flows", "1", "y", "https://r.example.com/", "y", "y", "me", "hidden", "n"];
    let pushed = answered("", flow, server, &answers).await;
    insta::assert_snapshot!(pushed.log, @"
    Deployment name [default] x
    Which work pool would you like to deploy this flow to? [d|Create a new work pool] d
    Would you like to build a custom Docker image for this deployment? [n] y
    Repository name (e.g. your Docker Hub username) [] me
    Image name [x] flows
    Image tag [latest] 1
    Image me/flows:1 will be built.
    Would you like to push this image to a remote registry? [n] y
    Registry URL [docker.io] https://r.example.com/
    Is this a private registry? [n] y
    Would you like use prefect-docker to manage Docker registry credentials? [n] y
    Docker registry username [] me
    Docker registry password [hidden] hidden
    Would you like to configure schedules for this deployment? [y] n
    ");
    insta::assert_snapshot!(pushed.saved, @r#"
    # Deploy with `prefectl deploy --all`.
    # `prefectl check` validates this file without a server.

    name: project

    # Build steps: run once before anything is deployed.
    build:
    - prefect_docker.deployments.steps.build_docker_image:
        requires: "prefect-docker>=0.3.1"
        id: build-image
        dockerfile: auto
        image_name: r.example.com/me/flows
        tag: "1"

    # Push steps: upload images or code.
    push:
    - prefect_docker.deployments.steps.push_docker_image:
        requires: "prefect-docker>=0.3.1"
        image_name: "{{ build-image.image_name }}"
        tag: "{{ build-image.tag }}"
        credentials: "{{ prefect.blocks.docker-registry-credentials.deployment-x-d-registry-creds }}"

    # Pull steps: run by workers before each flow run.
    pull:
    - prefect.deployments.steps.set_working_directory:
        directory: /opt/prefect/project

    # One item per deployment.
    deployments:
    - name: x
      entrypoint: flow.py:hello
      work_pool:
        name: d
        job_variables:
          image: "{{ build-image.image }}"
      schedules: null
    "#);
}

#[tokio::test]
async fn an_own_image_contains_the_code() {
    let file = "# mine\nname: p\n";
    let own = options(|options| {
        options.entrypoint = Some("flow.py:hello".to_owned());
        options.names = vec!["x".to_owned()];
        options.pool = Some("d".to_owned());
        options.job_variables = vec!["image=mine".to_owned()];
    });
    let own = answered(file, own, pools(&[("d", "docker")]), &["n", "n", "", "n"]).await;
    insta::assert_snapshot!(own.log, @"
    Would you like to build a custom Docker image for this deployment? [n] n
    Your Prefect workers will need access to this flow's code in order to run it. Would you like your workers to pull your flow code from a remote storage location when running this flow? [y] n
    What is the working directory in your Docker image where your flow code lives? [/opt/prefect/project] 
    Would you like to configure schedules for this deployment? [y] n
    ");
    insta::assert_snapshot!(own.saved, @"
    deployments:
    - name: x
      entrypoint: flow.py:hello
      pull:
      - prefect.deployments.steps.set_working_directory:
          directory: /opt/prefect/project
      work_pool:
        name: d
        job_variables:
          image: mine
      schedules: null
    ");
}

/// Runs the wizard with only storage and schedules missing. The server has a block `keys` of each type.
async fn answered_about_storage(answers: &[&str]) -> Outcome {
    let known = options(|options| {
        options.entrypoint = Some("flow.py:hello".to_owned());
        options.names = vec!["x".to_owned()];
        options.pool = Some("p".to_owned());
    });
    let server = FakeServer { blocks: vec!["keys".to_owned()], ..pools(&[("p", "process")]) };
    answered("", known, server, answers).await
}

#[tokio::test]
async fn adds_push_and_pull_steps_for_a_bucket() {
    let answers = ["", "Azure Blob Storage", "code", "flows", "keys", "n"];
    let answered = answered_about_storage(&answers).await;
    insta::assert_snapshot!(answered.log, @"
    Your Prefect workers will need access to this flow's code in order to run it. Would you like your workers to pull your flow code from a remote storage location when running this flow? [y] 
    Please select a remote code storage option. [S3|Azure Blob Storage] Azure Blob Storage
    Bucket name [] code
    Folder name [] flows
    Select from your existing Azure Blob Storage Credentials credential blocks [keys|None: use the default credentials of the worker's machine|Create a new credentials block] keys
    Would you like to configure schedules for this deployment? [y] n
    ");
    insta::assert_snapshot!(answered.saved, @r#"
    # Deploy with `prefectl deploy --all`.
    # `prefectl check` validates this file without a server.

    name: project

    # Push steps: upload images or code.
    push:
    - prefect_azure.deployments.steps.push_to_azure_blob_storage:
        requires: "prefect-azure[blob_storage]>=0.2.8"
        container: code
        folder: flows
        credentials: "{{ prefect.blocks.azure-blob-storage-credentials.keys }}"

    # Pull steps: run by workers before each flow run.
    pull:
    - prefect_azure.deployments.steps.pull_from_azure_blob_storage:
        requires: "prefect-azure[blob_storage]>=0.2.8"
        container: code
        folder: flows
        credentials: "{{ prefect.blocks.azure-blob-storage-credentials.keys }}"

    # One item per deployment.
    deployments:
    - name: x
      entrypoint: flow.py:hello
      work_pool:
        name: p
      schedules: null
    "#);
}

#[tokio::test]
async fn creates_credentials_for_a_bucket() {
    let answers =
        ["", "S3", "code", "flows", "Create a new credentials block", "AKIA", "hidden", "keys", "Mine", "n"];
    let answered = answered_about_storage(&answers).await;
    insta::assert_snapshot!(answered.log, @"
    Your Prefect workers will need access to this flow's code in order to run it. Would you like your workers to pull your flow code from a remote storage location when running this flow? [y] 
    Please select a remote code storage option. [S3|Azure Blob Storage] S3
    Bucket name [] code
    Folder name [] flows
    Select from your existing Aws Credentials credential blocks [keys|None: use the default credentials of the worker's machine|Create a new credentials block] Create a new credentials block

    Provide details on your new S3 credentials:
    aws_access_key_id (string) [] AKIA
    aws_secret_access_key (string) [hidden] hidden

    S3 credentials specified!

    Give a name to your new credentials block [s3-storage-credentials] keys
    A 'Aws Credentials' block named 'keys' already exists. Please choose another name
    Give a name to your new credentials block [s3-storage-credentials] Mine
    Would you like to configure schedules for this deployment? [y] n
    ");
    assert!(answered.saved.contains("{{ prefect.blocks.aws-credentials.mine }}"), "{}", answered.saved);
    let blocks = answered.answers.unwrap().blocks;
    let data = [("aws_access_key_id", "AKIA"), ("aws_secret_access_key", "hidden")]
        .map(|(field, value)| (field, Secret::new(value)));
    assert_eq!(blocks, [NewBlock { kind: "aws-credentials", name: "mine".to_owned(), data: data.into() }]);
}

#[tokio::test]
async fn an_existing_dockerfile_is_used_or_renamed() {
    let known = || {
        options(|options| {
            options.entrypoint = Some("flow.py:hello".to_owned());
            options.names = vec!["x".to_owned()];
            options.pool = Some("d".to_owned());
        })
    };
    let answered = async |answers: &[&str]| {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("project")).unwrap();
        std::fs::write(root.path().join("project/Dockerfile"), "FROM scratch\n").unwrap();
        answered_in(root, "name: p\n", known(), pools(&[("d", "docker")]), answers).await
    };
    for (answers, dockerfile, renamed) in [
        (&["y", "", "me", "", "", "n", "n", "y", "", "n"][..], "Dockerfile", None),
        (&["y", "n", "y", "flow.py", "", "me", "", "", "n", "n", "n"], "auto", Some("Dockerfile.backup")),
    ] {
        let outcome = answered(answers).await;
        let fields = outcome.fields();
        let build = &fields["build"][0]["prefect_docker.deployments.steps.build_docker_image"];
        assert_eq!(build["dockerfile"], dockerfile, "{}", outcome.log);
        let file = outcome.answers.unwrap().renamed_dockerfile;
        let name = file.as_ref().and_then(|file| file.to.file_name()).and_then(|name| name.to_str());
        assert_eq!(name, renamed, "{}", outcome.log);
    }
    let refused = answered(&["y", "n", ""]).await;
    let message = "error: A Dockerfile already exists. Please remove or rename the existing one.";
    assert_eq!(refused.saved, message, "{}", refused.log);
}
