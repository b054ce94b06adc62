//! Temporary AWS credentials, obtained by assuming a role.

use std::collections::BTreeMap;

use object_store::{
    aws::{AwsAuthorizer, AwsCredential},
    client::{HttpConnector as _, HttpRequest, HttpRequestBody, ReqwestConnector},
};
use url::form_urlencoded::Serializer;

use super::super::{Access, StorageError, client::Connection, error::element};
use crate::{python, value::Value};

/// Parameters of the request that assumes an AWS role.
pub(super) struct Role {
    parameters: BTreeMap<String, String>,
}

impl Role {
    /// Creates the parameters for assuming the role `arn`. `more` contains additional parameters of boto3's
    /// `assume_role`.
    pub(super) fn new(arn: &str, more: Option<&BTreeMap<String, Value>>) -> Self {
        let mut parameters = BTreeMap::from([
            ("Action".to_owned(), "AssumeRole".to_owned()),
            ("Version".to_owned(), "2011-06-15".to_owned()),
            ("RoleArn".to_owned(), arn.to_owned()),
            ("RoleSessionName".to_owned(), "prefectl".to_owned()),
        ]);
        for (name, value) in more.into_iter().flatten() {
            add(&mut parameters, name, value);
        }
        Self { parameters }
    }

    /// Requests temporary access keys for the role from AWS Security Token Service (STS).
    pub(super) async fn assume(
        &self,
        keys: &AwsCredential,
        region: &str,
        access: Access<'_>,
    ) -> Result<AwsCredential, StorageError> {
        let endpoint = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]
            .iter()
            .find_map(|name| access.environment.non_empty(name))
            .map_or_else(|| super::service("sts", region), str::to_owned);
        let options = Connection::to(Some(&endpoint)).options(access)?;
        let refused = |reason: String| {
            let arn = &self.parameters["RoleArn"];
            StorageError::Credentials {
                message: format!("cannot assume the role {arn}: {reason}"),
                help: "check the credentials, and the trust policy of the role".to_owned(),
            }
        };
        let query = Serializer::new(String::new()).extend_pairs(&self.parameters).finish();
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        let url = format!("{}/?{query}", endpoint.trim_end_matches('/'));
        *request.uri_mut() = url.parse().map_err(|_| refused(format!("{endpoint} is not a valid URL")))?;
        let authorizer = AwsAuthorizer::new(keys, "sts", region);
        authorizer.try_authorize(&mut request, None).map_err(|error| refused(error.to_string()))?;
        let client =
            ReqwestConnector::default().connect(&options).map_err(|error| refused(error.to_string()))?;
        let response = client.execute(request).await.map_err(|error| refused(error.to_string()))?;
        let answer = response.into_body().bytes().await.map_err(|error| refused(error.to_string()))?;
        let answer = String::from_utf8_lossy(&answer);
        match ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|name| element(&answer, name)) {
            [Some(key_id), Some(secret_key), Some(token)] => Ok(AwsCredential {
                key_id: key_id.to_owned(),
                secret_key: secret_key.to_owned(),
                token: Some(token.to_owned()),
            }),
            _ => Err(refused(
                element(&answer, "Message").unwrap_or("the response does not contain access keys").to_owned(),
            )),
        }
    }
}

/// Adds a parameter in the format of the AWS query protocol. Lists and mappings are flattened.
fn add(parameters: &mut BTreeMap<String, String>, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                add(parameters, &format!("{name}.member.{}", index + 1), item);
            }
        }
        Value::Mapping(entries) => {
            for (key, value) in entries {
                // The case of keys must not change: `arn` in a policy is lower case, but other keys start
                // with an uppercase letter.
                add(parameters, &format!("{name}.{}", python::to_text(key)), value);
            }
        }
        scalar => {
            parameters.insert(name.to_owned(), python::to_text(scalar));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_parameters_for_the_query_protocol() {
        let more = "{RoleSessionName: mine, DurationSeconds: 900, Tags: [{Key: a, Value: b}], Policy: null}";
        let role = Role::new("arn:aws:iam::1:role/R", Some(&serde_yaml::from_str(more).unwrap()));
        let query = Serializer::new(String::new()).extend_pairs(&role.parameters).finish();
        assert_eq!(
            query,
            "Action=AssumeRole&DurationSeconds=900&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2FR\
             &RoleSessionName=mine&Tags.member.1.Key=a&Tags.member.1.Value=b&Version=2011-06-15"
        );
    }
}
