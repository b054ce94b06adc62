//! The Dockerfile that is generated for `dockerfile: auto`.

/// Python version of the base image.
pub(crate) const PYTHON_VERSION: &str = "3.11";

/// Properties of the project that determine the generated Dockerfile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AutoDockerfile<'a> {
    pub(crate) base_image: &'a str,
    /// Name of the project directory. Its contents are copied to `/opt/prefect/<directory>/`.
    pub(crate) directory: &'a str,
    /// Requirements files to install, as paths relative to the build context.
    pub(crate) requirements: &'a [String],
}

/// Returns the name of the official image for a Prefect release and a Python version.
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
    /// Returns the contents of the Dockerfile. The contents are identical to Prefect's, unless the directory name needs
    /// escaping, so images of both programs share their layers.
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

/// Returns a COPY instruction. Paths with whitespace require the JSON form of the instruction.
fn copy(from: &str, to: &str) -> String {
    let (from, to) = (escape(from), escape(to));
    if from.contains(char::is_whitespace) || to.contains(char::is_whitespace) {
        format!("COPY {}", serde_json::json!([from, to]))
    } else {
        format!("COPY {from} {to}")
    }
}

/// Escapes a path so that Docker does not expand variables in it.
fn escape(path: &str) -> String {
    path.replace('\\', "\\\\").replace('$', "\\$")
}

/// Quotes a string as a single word for the shell that runs a RUN instruction.
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
        let base_image = base_image("3.9.1", PYTHON_VERSION);
        AutoDockerfile { base_image: &base_image, directory, requirements: &requirements }.text()
    }

    #[test]
    fn writes_the_dockerfile_of_prefect() {
        assert_eq!(
            text("flows", None),
            "FROM prefecthq/prefect:3.9.1-python3.11\nCOPY . /opt/prefect/flows/\nWORKDIR /opt/prefect/flows/\n"
        );
        assert_eq!(
            text("flows", Some("requirements.txt")),
            "FROM prefecthq/prefect:3.9.1-python3.11\n\
             COPY requirements.txt /opt/prefect/flows/requirements.txt\n\
             RUN uv pip install -r /opt/prefect/flows/requirements.txt\n\
             COPY . /opt/prefect/flows/\n\
             WORKDIR /opt/prefect/flows/\n"
        );
    }

    #[test]
    fn keeps_the_path_of_requirements_files() {
        let text = text("p", Some("flows/requirements.txt"));
        assert!(text.contains("COPY flows/requirements.txt /opt/prefect/p/flows/requirements.txt\n"));
        assert!(text.contains("RUN uv pip install -r /opt/prefect/p/flows/requirements.txt\n"));
    }

    #[test]
    fn escapes_names_that_docker_would_misread() {
        assert_eq!(
            text("my $flows", Some("requirements.txt")),
            "FROM prefecthq/prefect:3.9.1-python3.11\n\
             COPY [\"requirements.txt\",\"/opt/prefect/my \\\\$flows/requirements.txt\"]\n\
             RUN uv pip install -r '/opt/prefect/my $flows/requirements.txt'\n\
             COPY [\".\",\"/opt/prefect/my \\\\$flows/\"]\n\
             WORKDIR /opt/prefect/my \\$flows/\n"
        );
    }

    #[test]
    fn base_images_have_valid_tags() {
        assert_eq!(base_image("3.9.1+local", "3.12"), "prefecthq/prefect:3.9.1-local-python3.12");
    }
}
