//! Links to objects in the Prefect web interface.

use uuid::Uuid;

use super::request::encode_segment;

/// A builder for links to objects in the web interface. Every link is `None` if the URL of the web interface is
/// unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Links {
    ui_url: Option<String>,
}

impl Links {
    pub(crate) fn new(ui_url: Option<&str>) -> Self {
        Self { ui_url: ui_url.map(str::to_owned) }
    }

    pub(crate) fn flow_run(&self, id: Uuid) -> Option<String> {
        self.link("runs/flow-run", &id.to_string())
    }

    pub(crate) fn deployment(&self, id: Uuid) -> Option<String> {
        self.link("deployments/deployment", &id.to_string())
    }

    pub(crate) fn work_pool(&self, name: &str) -> Option<String> {
        self.link("work-pools/work-pool", name)
    }

    fn link(&self, kind: &str, object: &str) -> Option<String> {
        let ui_url = self.ui_url.as_deref()?.trim_end_matches('/');
        Some(format!("{ui_url}/{kind}/{}", encode_segment(object)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_percent_encoded_names() {
        let links = Links::new(Some("http://h:4200/"));
        let id = Uuid::nil();
        assert_eq!(links.flow_run(id).unwrap(), format!("http://h:4200/runs/flow-run/{id}"));
        assert_eq!(links.deployment(id).unwrap(), format!("http://h:4200/deployments/deployment/{id}"));
        assert_eq!(links.work_pool("a b/1").unwrap(), "http://h:4200/work-pools/work-pool/a%20b%2F1");
        assert_eq!(Links::default().deployment(id), None);
    }
}
