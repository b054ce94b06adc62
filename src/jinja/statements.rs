//! Statements of templates, such as `{% if %}`.

use super::{
    lexer::{Kind, Token},
    parser::{Expression, Parser, Result, fail_at},
};

impl<'a> Parser<'a> {
    /// Parses data and tags up to one of the names in `ends`, or up to the end of the template. Does not consume the
    /// name. Returns whether the body contains only whitespace.
    pub(super) fn body(&mut self, ends: Option<&'static [&'static str]>) -> Result<bool> {
        self.ends.extend(ends);
        let mut is_blank = true;
        loop {
            let token = self.current();
            match token.kind {
                Kind::End => break,
                Kind::VariableBegin => {
                    self.advance();
                    self.tuple(true)?;
                    self.expect(Kind::VariableEnd)?;
                    is_blank = false;
                }
                Kind::BlockBegin => {
                    self.advance();
                    let found = self.current();
                    if ends.is_some_and(|ends| ends.iter().any(|end| found.is_name(end))) {
                        break;
                    }
                    self.nested(Self::statement)?;
                    self.expect(Kind::BlockEnd)?;
                    is_blank = false;
                }
                _ => {
                    is_blank &= token.text.chars().all(char::is_whitespace);
                    self.advance();
                }
            }
        }
        if ends.is_some() {
            self.ends.pop();
        }
        Ok(is_blank)
    }

    /// Parses a statement's body up to one of the end tags in `ends`. Returns the name of this tag and whether the body is
    /// blank.
    fn statements(&mut self, ends: &'static [&'static str]) -> Result<(&'a str, bool)> {
        self.skip_operator(":");
        self.expect(Kind::BlockEnd)?;
        let is_blank = self.body(Some(ends))?;
        if self.is(Kind::End) {
            self.ends.push(ends);
            return self.unknown_tag(None);
        }
        Ok((self.advance().text, is_blank))
    }

    fn statement(&mut self) -> Result<()> {
        let token = self.current();
        if token.kind != Kind::Name {
            return self.fail("tag name expected");
        }
        let parse: fn(&mut Self) -> Result<()> = match token.text {
            "for" => Self::for_loop,
            "if" => Self::condition,
            "block" => Self::block,
            "extends" => |parser| parser.expression().map(drop),
            "print" => Self::print,
            "macro" => Self::macro_definition,
            "include" => Self::include,
            "from" => Self::selective_import,
            "import" => Self::import,
            "set" => Self::set,
            "with" => Self::with,
            "autoescape" => |parser| {
                parser.expression()?;
                parser.statements(&["endautoescape"]).map(drop)
            },
            "call" => Self::call_block,
            "filter" => |parser| {
                parser.filter()?;
                parser.filters()?;
                parser.statements(&["endfilter"]).map(drop)
            },
            _ => return self.unknown_tag(Some(token)),
        };
        self.advance();
        self.tags.push(token.text);
        parse(self)?;
        self.tags.pop();
        Ok(())
    }

    /// Fails at an unknown tag, or at the end of the template if no tag follows.
    fn unknown_tag<T>(&self, tag: Option<Token<'a>>) -> Result<T> {
        let mut sentences = vec![match tag {
            None => "Unexpected end of template.".to_owned(),
            Some(tag) => format!("Encountered unknown tag '{}'.", tag.text),
        }];
        if let Some(looking_for) = self.ends.last() {
            let names: Vec<String> = looking_for.iter().map(|name| format!("'{name}'")).collect();
            let names = names.join(" or ");
            let mut expected = self.ends.iter().flat_map(|ends| ends.iter());
            sentences.push(if tag.is_some_and(|tag| expected.any(|end| *end == tag.text)) {
                format!(
                    "You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for {names}."
                )
            } else {
                format!("Jinja was looking for the following tags: {names}.")
            });
        }
        if let Some(innermost) = self.tags.last() {
            sentences.push(format!("The innermost block that needs to be closed is '{innermost}'."));
        }
        let message = sentences.join(" ");
        fail_at(tag.unwrap_or(self.current()), message)
    }

    fn for_loop(&mut self) -> Result<()> {
        self.loops += 1;
        self.loop_depth += 1;
        self.deepest_loop = self.deepest_loop.max(self.loop_depth);
        self.target(false)?;
        self.expect_name("in")?;
        self.tuple(false)?;
        if self.skip_name("if") {
            self.expression()?;
        }
        self.skip_name("recursive");
        if self.statements(&["endfor", "else"])?.0 != "endfor" {
            self.statements(&["endfor"])?;
        }
        self.loop_depth -= 1;
        Ok(())
    }

    fn condition(&mut self) -> Result<()> {
        loop {
            self.tuple(false)?;
            match self.statements(&["elif", "else", "endif"])?.0 {
                "elif" => {}
                "else" => return self.statements(&["endif"]).map(drop),
                _ => return Ok(()),
            }
        }
    }

    fn block(&mut self) -> Result<()> {
        let name = self.expect(Kind::Name)?.text;
        self.skip_name("scoped");
        let is_required = self.skip_name("required");
        if self.is_operator("-") {
            return self.fail(
                "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an \
                 underscore instead.",
            );
        }
        let (_, is_blank) = self.statements(&["endblock"])?;
        if is_required && !is_blank {
            return self.fail("Required blocks can only contain comments or whitespace");
        }
        self.skip_name(name);
        Ok(())
    }

    fn print(&mut self) -> Result<()> {
        let mut is_first = true;
        while !self.is(Kind::BlockEnd) {
            if !std::mem::take(&mut is_first) {
                self.expect_operator(",")?;
            }
            self.expression()?;
        }
        Ok(())
    }

    fn macro_definition(&mut self) -> Result<()> {
        self.name_target()?;
        self.signature()?;
        self.statements(&["endmacro"]).map(drop)
    }

    fn call_block(&mut self) -> Result<()> {
        let tag = self.current();
        if self.is_operator("(") {
            self.signature()?;
        }
        if self.expression()? != Expression::Call {
            return fail_at(tag, "expected call");
        }
        self.statements(&["endcall"]).map(drop)
    }

    /// Parses the parameters of a macro.
    fn signature(&mut self) -> Result<()> {
        self.expect_operator("(")?;
        let (mut is_first, mut has_default) = (true, false);
        while !self.is_operator(")") {
            if !std::mem::take(&mut is_first) {
                self.expect_operator(",")?;
            }
            self.name_target()?;
            if self.skip_operator("=") {
                self.expression()?;
                has_default = true;
            } else if has_default {
                return self.fail("non-default argument follows default argument");
            }
        }
        self.advance();
        Ok(())
    }

    fn include(&mut self) -> Result<()> {
        self.expression()?;
        self.skip_names("ignore", "missing");
        self.skip_import_context();
        Ok(())
    }

    fn import(&mut self) -> Result<()> {
        self.expression()?;
        self.expect_name("as")?;
        self.name_target()?;
        self.skip_import_context();
        Ok(())
    }

    fn selective_import(&mut self) -> Result<()> {
        self.expression()?;
        self.expect_name("import")?;
        let mut is_first = true;
        loop {
            if !std::mem::take(&mut is_first) {
                self.expect_operator(",")?;
            }
            if self.is(Kind::Name) && self.skip_import_context() {
                return Ok(());
            }
            let target = self.current();
            self.name_target()?;
            if target.text.starts_with('_') {
                return fail_at(target, "names starting with an underline can not be imported");
            }
            if self.skip_name("as") {
                self.name_target()?;
            }
            if self.skip_import_context() || !self.is_operator(",") {
                return Ok(());
            }
        }
    }

    fn skip_import_context(&mut self) -> bool {
        self.skip_names("with", "context") || self.skip_names("without", "context")
    }

    fn set(&mut self) -> Result<()> {
        self.target(true)?;
        if self.skip_operator("=") {
            return self.tuple(true).map(drop);
        }
        self.filters()?;
        self.statements(&["endset"]).map(drop)
    }

    fn with(&mut self) -> Result<()> {
        let mut is_first = true;
        while !self.is(Kind::BlockEnd) {
            if !std::mem::take(&mut is_first) {
                self.expect_operator(",")?;
            }
            self.target(false)?;
            self.expect_operator("=")?;
            self.expression()?;
        }
        self.statements(&["endwith"]).map(drop)
    }

    /// Parses the target name of an assignment.
    fn name_target(&mut self) -> Result<()> {
        let token = self.expect(Kind::Name)?;
        if matches!(token.text, "true" | "false" | "none" | "True" | "False" | "None") {
            return fail_at(token, "can't assign to 'name'");
        }
        Ok(())
    }

    /// Parses the target of an assignment: a name, a tuple, or an attribute of a namespace if
    /// `with_namespace` is set.
    fn target(&mut self, with_namespace: bool) -> Result<()> {
        let token = self.current();
        let target = self.items(false, |parser| parser.primary(with_namespace))?;
        if !target.is_target() {
            return fail_at(token, format!("can't assign to '{}'", target.class()));
        }
        Ok(())
    }
}
