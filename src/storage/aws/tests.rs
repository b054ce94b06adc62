use std::fs;

use super::*;

const CONFIG: &str = "\
[default]
region = eu-west-1
[profile static]
region=eu-central-1
s3 =
  addressing_style = path
[profile program]
credential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"PK\", \"SecretAccessKey\": \"ps\"}'
[profile broken]
credential_process = echo hunter2
[profile browser]
sso_session = x
[profile circle]
role_arn = arn:aws:iam::1:role/R
source_profile = circle2
[profile circle2]
role_arn = arn:aws:iam::1:role/R
source_profile = circle
[profile machine]
role_arn = arn:aws:iam::1:role/R
credential_source = Ec2InstanceMetadata
[profile variables]
role_arn = arn:aws:iam::1:role/R
credential_source = Environment
[profile token]
role_arn = arn:aws:iam::1:role/R
web_identity_token_file = /token
[profile empty]
region = eu-west-1
";
const CREDENTIALS: &str = "\
# comment
[default]
aws_access_key_id = DK
aws_secret_access_key = ds
[static]
aws_access_key_id = SK
aws_secret_access_key = ss
aws_session_token = st
";

/// Returns the key and the region that result from the given credentials and variables, or the error message.
async fn found(credentials: &str, variables: &[(&str, &str)]) -> String {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    fs::write(home.path().join(".aws/config"), CONFIG).unwrap();
    fs::write(home.path().join(".aws/credentials"), CREDENTIALS).unwrap();
    let path = home.path().to_string_lossy();
    let environment: Environment = variables.iter().copied().chain([("HOME", path.as_ref())]).collect();
    let access = Access { environment: &environment, directory: home.path() };
    let credentials: Credentials = serde_yaml::from_str(credentials).unwrap();
    let found = async {
        let profiles = Profiles::load(access, credentials.profile_name.as_deref())?;
        let keys = keys(&credentials, &profiles, access, DEFAULT_REGION).await?;
        Ok::<_, StorageError>((keys, profiles.region()))
    };
    match found.await {
        Ok((Some(keys), region)) => format!("{} {}", keys.key_id, region.unwrap_or_default()),
        Ok((None, _)) => "none".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn finds_keys_like_the_aws_command_line() {
    let variables = [("AWS_ACCESS_KEY_ID", "EK"), ("AWS_SECRET_ACCESS_KEY", "es"), ("AWS_REGION", "r")];
    let given = "{aws_access_key_id: GK, aws_secret_access_key: gs}";
    for (credentials, variables, expected) in [
        (given, &variables[..], "GK r"),
        ("{minio_root_user: MK, minio_root_password: ms}", &[], "MK eu-west-1"),
        ("{}", &variables, "EK r"),
        ("{profile_name: static}", &variables, "SK r"),
        ("{}", &[("AWS_PROFILE", "static")], "SK eu-central-1"),
        ("{}", &[], "DK eu-west-1"),
        ("{profile_name: program}", &[], "PK "),
        ("{}", &[("AWS_WEB_IDENTITY_TOKEN_FILE", "t"), ("AWS_ROLE_ARN", "r")], "none"),
        ("{profile_name: none}", &[], "AWS profile 'none' does not exist"),
        ("{profile_name: empty}", &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c")], "none"),
        (
            "{profile_name: empty}",
            &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/c"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "t"),
            ],
            "none",
        ),
        (
            "{profile_name: empty}",
            &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/c"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t"),
            ],
            "AWS_CONTAINER_CREDENTIALS_FULL_URI requires AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ),
    ] {
        assert_eq!(found(credentials, variables).await, expected, "{credentials} {variables:?}");
    }
    for (profile, expected) in [
        ("broken", "its credential_process did not print any credentials"),
        ("browser", "signing in through a browser is required"),
        ("circle", "does not contain access keys"),
        ("machine", "its credential_source 'Ec2InstanceMetadata' is not supported"),
        ("variables", "its credential_source 'Environment' does not contain access keys"),
        ("token", "its role requires a source_profile"),
    ] {
        let message = found(&format!("{{profile_name: {profile}}}"), &[]).await;
        assert!(message.contains(expected) && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn rejects_an_incomplete_key_pair_without_showing_it() {
    let credentials: Credentials = serde_yaml::from_str("{aws_secret_access_key: hunter2}").unwrap();
    let message = credentials.check().unwrap_err().to_string();
    assert_eq!(message, "a secret key requires an access key");
    assert!(!format!("{credentials:?}").contains("hunter2"));
    let wrong = serde_yaml::from_str::<Credentials>("{aws_secret_access_key: [hunter2]}").unwrap_err();
    assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
}

#[test]
fn services_in_china_have_their_own_domain() {
    for (region, expected) in [
        ("eu-west-1", "https://s3.eu-west-1.amazonaws.com"),
        ("cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com"),
    ] {
        assert_eq!(service("s3", region), expected);
    }
}

#[tokio::test]
async fn opens_buckets_in_china() {
    let environment = Environment::default();
    let access = Access { environment: &environment, directory: std::path::Path::new("/") };
    let keys = "{aws_access_key_id: k, aws_secret_access_key: s, region_name: cn-north-1}";
    let credentials: Credentials = serde_yaml::from_str(keys).unwrap();
    for (bucket, expected) in [
        ("b", "https://b.s3.cn-north-1.amazonaws.com.cn\""),
        ("b.c", "https://s3.cn-north-1.amazonaws.com.cn/b.c\""),
    ] {
        let opened = open(bucket, &credentials, None, access).await.unwrap();
        assert!(format!("{:?}", opened.store).contains(expected), "{:?}", opened.store);
    }
}

#[test]
fn puts_the_bucket_into_the_host_name_for_amazon() {
    for (parameters, bucket, endpoint, expected) in [
        ("{}", "b", None, true),
        ("{}", "b.c", None, false),
        ("{}", "b", Some("http://minio"), false),
        ("{config: {s3: {addressing_style: virtual}}}", "b", Some("http://minio"), true),
        ("{config: {s3: {addressing_style: path}}}", "b", None, false),
    ] {
        let parameters: ClientParameters = serde_yaml::from_str(parameters).unwrap();
        assert_eq!(parameters.virtual_host(bucket, endpoint), expected, "{parameters:?}");
    }
    assert_eq!(with_host("https://minio:9000", "b"), "https://b.minio:9000");
}
