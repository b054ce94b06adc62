//! The Dockerfile of `dockerfile: auto`, as a pure function of what it shall contain.

/// The version of Prefect that the base image has, and that images are labelled with.
pub(crate) const PREFECT_VERSION: &str = "3.8.4";

/// The version of Python that the base image has.
pub(crate) const PYTHON_VERSION: &str = "3.11";

/// What the Dockerfile is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AutoDockerfile<'a> {
    pub(crate) base_image: &'a str,
    /// The last part of the project's path: the code goes to `/opt/prefect/<directory>/`.
    pub(crate) directory: &'a str,
    /// The files whose requirements are installed, relative to the build context.
    pub(crate) requirements: &'a [String],
}

/// The image of a Prefect release for a version of Python.
pub(crate) fn base_image(prefect: &str, python: &str) -> String {
    let tag: String = format!("{prefect}-python{python}")
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-') {
                character
            } else {
                '-'
            }
        })
        .take(128)
        .collect();
    format!("prefecthq/prefect:{tag}")
}

impl AutoDockerfile<'_> {
    /// The text of the Dockerfile. For a plain directory name it is, line by line, what Prefect writes, so that
    /// the layers of both are the same.
    pub(crate) fn text(&self) -> String {
        let target = format!("/opt/prefect/{}/", self.directory);
        let mut lines = vec![format!("FROM {}", self.base_image)];
        for requirements in self.requirements {
            let file = format!("{target}{requirements}");
            lines.push(copy(requirements, &file));
            lines.push(format!("RUN uv pip install -r {}", shell_word(&file)));
        }
        lines.push(copy(".", &target));
        lines.push(format!("WORKDIR {}", escape(&target)));
        lines.join("\n") + "\n"
    }
}

/// A COPY line; names with white space need its JSON form.
fn copy(from: &str, to: &str) -> String {
    let (from, to) = (escape(from), escape(to));
    if from.contains(char::is_whitespace) || to.contains(char::is_whitespace) {
        format!("COPY {}", serde_json::json!([from, to]))
    } else {
        format!("COPY {from} {to}")
    }
}

/// Keeps Docker from reading variables in a path.
fn escape(path: &str) -> String {
    path.replace('\\', "\\\\").replace('$', "\\$")
}

/// One word for the shell of a RUN line.
fn shell_word(text: &str) -> String {
    let plain = |character: char| {
        character.is_ascii_alphanumeric() || "/._-+@%:=,".contains(character) || !character.is_ascii()
    };
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(directory: &str, requirements: Option<&str>) -> String {
        let requirements: Vec<String> = requirements.into_iter().map(str::to_owned).collect();
        let base_image = base_image(PREFECT_VERSION, PYTHON_VERSION);
        AutoDockerfile { base_image: &base_image, directory, requirements: &requirements }.text()
    }

    #[test]
    fn without_and_with_requirements() {
        assert_eq!(
            text("flows", None),
            "FROM prefecthq/prefect:3.8.4-python3.11\nCOPY . /opt/prefect/flows/\nWORKDIR /opt/prefect/flows/\n"
        );
        assert_eq!(
            text("flows", Some("requirements.txt")),
            "FROM prefecthq/prefect:3.8.4-python3.11\n\
             COPY requirements.txt /opt/prefect/flows/requirements.txt\n\
             RUN uv pip install -r /opt/prefect/flows/requirements.txt\n\
             COPY . /opt/prefect/flows/\n\
             WORKDIR /opt/prefect/flows/\n"
        );
    }

    #[test]
    fn requirements_elsewhere_keep_their_path() {
        let text = text("p", Some("flows/requirements.txt"));
        assert!(text.contains("COPY flows/requirements.txt /opt/prefect/p/flows/requirements.txt\n"));
        assert!(text.contains("RUN uv pip install -r /opt/prefect/p/flows/requirements.txt\n"));
    }

    #[test]
    fn names_that_a_dockerfile_would_misread() {
        assert_eq!(
            text("my $flows", Some("requirements.txt")),
            "FROM prefecthq/prefect:3.8.4-python3.11\n\
             COPY [\"requirements.txt\",\"/opt/prefect/my \\\\$flows/requirements.txt\"]\n\
             RUN uv pip install -r '/opt/prefect/my $flows/requirements.txt'\n\
             COPY [\".\",\"/opt/prefect/my \\\\$flows/\"]\n\
             WORKDIR /opt/prefect/my \\$flows/\n"
        );
    }

    #[test]
    fn base_images_have_valid_tags() {
        assert_eq!(base_image("3.8.4+local", "3.12"), "prefecthq/prefect:3.8.4-local-python3.12");
    }
}
