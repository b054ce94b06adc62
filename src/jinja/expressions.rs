//! Expressions of templates.

use super::{
    lexer::Kind,
    parser::{Expression, Parser, Result, fail_at},
};

impl Parser<'_> {
    /// Parses an expression or multiple expressions separated by commas.
    pub(super) fn tuple(&mut self, allows_condition: bool) -> Result<Expression> {
        self.items(
            false,
            |parser| if allows_condition { parser.expression() } else { parser.nested(Self::or) },
        )
    }

    /// Parses items separated by commas. Only a tuple in parentheses may be empty.
    pub(super) fn items(
        &mut self,
        is_in_parentheses: bool,
        parse: impl Fn(&mut Self) -> Result<Expression>,
    ) -> Result<Expression> {
        let mut items: Vec<Expression> = Vec::new();
        let mut is_tuple = false;
        loop {
            if !items.is_empty() {
                self.expect_operator(",")?;
            }
            let is_end =
                matches!(self.current().kind, Kind::VariableEnd | Kind::BlockEnd) || self.is_operator(")");
            if is_end {
                break;
            }
            items.push(parse(self)?);
            if !self.is_operator(",") {
                break;
            }
            is_tuple = true;
        }
        match items.first() {
            Some(item) if !is_tuple => Ok(*item),
            None if !is_tuple && !is_in_parentheses => {
                self.fail(format!("Expected an expression, got '{}'", self.current().describe()))
            }
            _ => Ok(Expression::Tuple { has_targets: items.iter().all(|item| item.is_target()) }),
        }
    }

    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.nested(Self::conditional)
    }

    fn conditional(&mut self) -> Result<Expression> {
        let mut expression = self.or()?;
        while self.skip_name("if") {
            self.or()?;
            if self.skip_name("else") {
                self.expression()?;
            }
            expression = Expression::Condition;
        }
        Ok(expression)
    }

    fn or(&mut self) -> Result<Expression> {
        let mut expression = self.and()?;
        while self.skip_name("or") {
            self.and()?;
            expression = Expression::Or;
        }
        Ok(expression)
    }

    fn and(&mut self) -> Result<Expression> {
        let mut expression = self.not()?;
        while self.skip_name("and") {
            self.not()?;
            expression = Expression::And;
        }
        Ok(expression)
    }

    fn not(&mut self) -> Result<Expression> {
        let mut is_negated = false;
        while self.skip_name("not") {
            is_negated = true;
        }
        let expression = self.comparison()?;
        Ok(if is_negated { Expression::Not } else { expression })
    }

    fn comparison(&mut self) -> Result<Expression> {
        const OPERATORS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
        let mut expression = self.arithmetic(0)?;
        loop {
            let is_comparison = OPERATORS.into_iter().any(|operator| self.skip_operator(operator))
                || self.skip_name("in")
                || self.skip_names("not", "in");
            if !is_comparison {
                return Ok(expression);
            }
            self.arithmetic(0)?;
            expression = Expression::Comparison;
        }
    }

    /// Parses operators with the precedence `level` and higher.
    fn arithmetic(&mut self, level: usize) -> Result<Expression> {
        const LEVELS: [&[&str]; 4] = [&["+", "-"], &["~"], &["*", "/", "//", "%"], &["**"]];
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut expression = self.arithmetic(level + 1)?;
        while operators.iter().any(|operator| self.skip_operator(operator)) {
            self.arithmetic(level + 1)?;
            expression = Expression::Operation;
        }
        Ok(expression)
    }

    fn unary(&mut self) -> Result<Expression> {
        let mut is_signed = false;
        while self.skip_operator("-") || self.skip_operator("+") {
            is_signed = true;
        }
        let mut expression = self.primary(false)?;
        if is_signed {
            self.postfix(expression)?;
            expression = Expression::Operation;
        }
        expression = self.postfix(expression)?;
        self.filters_and_tests(expression)
    }

    pub(super) fn primary(&mut self, with_namespace: bool) -> Result<Expression> {
        let token = self.current();
        match (token.kind, token.text) {
            (Kind::Name, name) => {
                self.advance();
                if matches!(name, "true" | "false" | "True" | "False" | "none" | "None") {
                    return Ok(Expression::Constant);
                }
                if with_namespace && self.skip_operator(".") {
                    self.expect(Kind::Name)?;
                    return Ok(Expression::NamespaceAttribute);
                }
                Ok(Expression::Name)
            }
            (Kind::Text, _) => {
                while self.is(Kind::Text) {
                    self.advance();
                }
                Ok(Expression::Constant)
            }
            (Kind::Integer | Kind::Float, _) => {
                self.advance();
                Ok(Expression::Constant)
            }
            (Kind::Operator, "(") => {
                self.advance();
                let expression = self.items(true, Self::expression)?;
                self.expect_operator(")")?;
                Ok(expression)
            }
            (Kind::Operator, "[") => {
                self.elements("]", |parser| parser.expression().map(drop))?;
                Ok(Expression::List)
            }
            (Kind::Operator, "{") => {
                self.elements("}", |parser| {
                    parser.expression()?;
                    parser.expect_operator(":")?;
                    parser.expression().map(drop)
                })?;
                Ok(Expression::Dict)
            }
            _ => self.fail(format!("unexpected '{}'", token.describe())),
        }
    }

    /// Parses the elements of a list or mapping from the opening to the closing bracket. A comma may follow the last
    /// element.
    fn elements(&mut self, closing: &str, parse: impl Fn(&mut Self) -> Result<()>) -> Result<()> {
        self.advance();
        let mut is_first = true;
        while !self.is_operator(closing) {
            if !std::mem::take(&mut is_first) {
                self.expect_operator(",")?;
                if self.is_operator(closing) {
                    break;
                }
            }
            parse(self)?;
        }
        self.expect_operator(closing).map(drop)
    }

    fn postfix(&mut self, mut expression: Expression) -> Result<Expression> {
        loop {
            if self.skip_operator(".") {
                let attribute = self.advance();
                if !matches!(attribute.kind, Kind::Name | Kind::Integer) {
                    return fail_at(attribute, "expected name or number");
                }
                expression =
                    if attribute.kind == Kind::Name { Expression::Attribute } else { Expression::Item };
            } else if self.is_operator("[") {
                self.subscript()?;
                expression = Expression::Item;
            } else if self.is_operator("(") {
                self.arguments()?;
                expression = Expression::Call;
            } else {
                return Ok(expression);
            }
        }
    }

    fn subscript(&mut self) -> Result<()> {
        self.advance();
        let mut is_first = true;
        while !self.is_operator("]") {
            if !std::mem::take(&mut is_first) {
                self.expect_operator(",")?;
            }
            self.slice()?;
        }
        self.advance();
        Ok(())
    }

    /// Parses an index or a slice.
    fn slice(&mut self) -> Result<()> {
        if !self.is_operator(":") {
            self.expression()?;
            if !self.is_operator(":") {
                return Ok(());
            }
        }
        self.advance();
        let is_end = |parser: &Self| parser.is_operator("]") || parser.is_operator(",");
        if !self.is_operator(":") && !is_end(self) {
            self.expression()?;
        }
        if self.skip_operator(":") && !is_end(self) {
            self.expression()?;
        }
        Ok(())
    }

    /// Parses the arguments of a call in parentheses.
    fn arguments(&mut self) -> Result<()> {
        let opening = self.expect_operator("(")?;
        let (mut has_list, mut has_mapping, mut has_named, mut is_first) = (false, false, false, true);
        while !self.is_operator(")") {
            if !std::mem::take(&mut is_first) {
                self.expect_operator(",")?;
                if self.is_operator(")") {
                    break;
                }
            }
            let is_valid = if self.skip_operator("*") {
                let is_valid = !has_list && !has_mapping;
                has_list = true;
                is_valid
            } else if self.skip_operator("**") {
                !std::mem::replace(&mut has_mapping, true)
            } else if self.is(Kind::Name) && self.following().is_operator("=") {
                self.advance();
                self.advance();
                has_named = true;
                !has_mapping
            } else {
                !has_list && !has_mapping && !has_named
            };
            if !is_valid {
                return fail_at(opening, "invalid syntax for function call expression");
            }
            self.expression()?;
        }
        self.expect_operator(")").map(drop)
    }

    fn filters_and_tests(&mut self, mut expression: Expression) -> Result<Expression> {
        loop {
            if self.is_operator("|") {
                self.filters()?;
                expression = Expression::Filter;
            } else if self.skip_name("is") {
                self.test()?;
                expression = Expression::Test;
            } else if self.is_operator("(") {
                self.arguments()?;
                expression = Expression::Call;
            } else {
                return Ok(expression);
            }
        }
    }

    /// Parses any number of filters, each after a `|`.
    pub(super) fn filters(&mut self) -> Result<()> {
        while self.skip_operator("|") {
            self.filter()?;
        }
        Ok(())
    }

    /// Parses the name and the arguments of a filter.
    pub(super) fn filter(&mut self) -> Result<()> {
        self.dotted_name()?;
        if self.is_operator("(") { self.arguments() } else { Ok(()) }
    }

    fn dotted_name(&mut self) -> Result<()> {
        self.expect(Kind::Name)?;
        while self.skip_operator(".") {
            self.expect(Kind::Name)?;
        }
        Ok(())
    }

    /// Parses a test after its `is` keyword.
    fn test(&mut self) -> Result<()> {
        self.skip_name("not");
        self.dotted_name()?;
        if self.is_operator("(") {
            return self.arguments();
        }
        let token = self.current();
        let starts_argument = matches!(token.kind, Kind::Name | Kind::Text | Kind::Integer | Kind::Float)
            || self.is_operator("[")
            || self.is_operator("{");
        let is_keyword = ["else", "or", "and"].into_iter().any(|keyword| token.is_name(keyword));
        if !starts_argument || is_keyword {
            return Ok(());
        }
        if token.is_name("is") {
            return self.fail("You cannot chain multiple tests with is");
        }
        let argument = self.primary(false)?;
        self.postfix(argument).map(drop)
    }
}
