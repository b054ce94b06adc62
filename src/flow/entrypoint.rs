//! Entrypoints: references to flows in `prefect.yaml` and on the command line.

use std::{fmt, path::PathBuf, str::FromStr};

/// A reference to a flow, such as `flows/etl.py:load` or `package.module.load`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entrypoint {
    pub(crate) location: Location,
    /// The function name, preceded by the names of its enclosing classes, such as `["Pipeline", "run"]`.
    pub(crate) object: Vec<String>,
    text: String,
}

/// The file or module that contains an entrypoint's flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Location {
    /// The path of a Python file, as in `path/file.py:function`.
    File(PathBuf),
    /// The dotted name of a module, as in `package.module:function` or `package.module.function`.
    Module(String),
}

/// The error returned for a string that is not a valid entrypoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntrypointError {
    #[error("invalid entrypoint '{0}': expected 'path/to/file.py:function' or 'package.module.function'")]
    NoFunction(String),
    #[error("invalid entrypoint '{0}': the file or module is missing")]
    NoLocation(String),
}

impl Entrypoint {
    /// Parses an entrypoint.
    ///
    /// The last `:` separates the function from the file or module, as in Prefect. Without a `:`, the last `.`
    /// separates the function from the module.
    pub(crate) fn parse(text: &str) -> Result<Self, EntrypointError> {
        let (location, object) = text
            .rsplit_once(':')
            .or_else(|| text.rsplit_once('.'))
            .ok_or_else(|| EntrypointError::NoFunction(text.to_owned()))?;
        // `flow.py` is a file name without a function. It does not refer to a function `py` in a module
        // `flow`.
        let is_file = object == "py" && !text.contains(':');
        if is_file || object.is_empty() || object.split('.').any(str::is_empty) {
            return Err(EntrypointError::NoFunction(text.to_owned()));
        }
        if location.is_empty() {
            return Err(EntrypointError::NoLocation(text.to_owned()));
        }
        let location = if text.contains(".py:") {
            Location::File(PathBuf::from(location))
        } else {
            Location::Module(location.to_owned())
        };
        let object = object.split('.').map(str::to_owned).collect();
        Ok(Self { location, object, text: text.to_owned() })
    }

    /// Returns the object path after the separator, such as `Pipeline.run`.
    pub(crate) fn object_path(&self) -> String {
        self.object.join(".")
    }

    /// Returns the location before the separator: the file path or module name.
    pub(crate) fn location_text(&self) -> String {
        match &self.location {
            Location::File(path) => path.display().to_string(),
            Location::Module(module) => module.clone(),
        }
    }
}

impl FromStr for Entrypoint {
    type Err = EntrypointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Entrypoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_last_colon_or_dot() {
        let file = |path: &str| Location::File(PathBuf::from(path));
        let module = |name: &str| Location::Module(name.to_owned());
        let cases = [
            ("flow.py:hello", file("flow.py"), "hello"),
            ("./a/b.py:Outer.Inner.run", file("./a/b.py"), "Outer.Inner.run"),
            ("C:/a:b/flow.py:hello", file("C:/a:b/flow.py"), "hello"),
            ("package.module:hello", module("package.module"), "hello"),
            ("package.module:Class.run", module("package.module"), "Class.run"),
            ("package.module.hello", module("package.module"), "hello"),
            ("folder/module:hello", module("folder/module"), "hello"),
        ];
        for (text, location, object) in cases {
            let entrypoint = Entrypoint::parse(text).unwrap();
            assert_eq!(
                (&entrypoint.location, entrypoint.object_path().as_str()),
                (&location, object),
                "{text}"
            );
            assert_eq!(entrypoint.to_string(), text);
        }
    }

    #[test]
    fn rejects_entrypoints_without_location_or_function() {
        for text in ["justaname", "", "flow.py", "flows/flow.py", "flow.py:", "flow.py:a..b"] {
            assert_eq!(Entrypoint::parse(text), Err(EntrypointError::NoFunction(text.to_owned())), "{text}");
        }
        assert_eq!(Entrypoint::parse(":hello"), Err(EntrypointError::NoLocation(":hello".to_owned())));
    }
}
