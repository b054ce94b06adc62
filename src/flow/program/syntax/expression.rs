//! Converts the parser's expressions to [`Expr`].

use std::sync::OnceLock;

use ruff_python_ast::{self as ast, Number};
use ruff_python_parser::parse_expression;
use ruff_text_size::{Ranged, TextRange};

use super::expression_tree::{
    BinaryOperator, Call, Comparison, Comprehension, ComprehensionKind, ComprehensionTargets, Conditional,
    Expr, ExprKind, FormatPart, Lambda, LogicalOperator, Parameter, ParameterKind, Text, UnaryOperator,
};
use crate::source::Span;

/// Maximum depth of a converted expression. Deeper expressions are replaced with [`ExprKind::Other`].
const DEPTH_LIMIT: usize = 100;

pub(super) fn span(range: TextRange) -> Span {
    Span::new(range.start().to_usize(), range.end().to_usize())
}

pub(super) fn convert(expr: &ast::Expr) -> Expr {
    Converter { depth: 0, start: Some(0) }.expr(expr)
}

pub(super) fn parameters(parameters: &ast::Parameters) -> Vec<Parameter> {
    Converter { depth: 0, start: Some(0) }.parameters(parameters)
}

impl Text {
    /// Parses the string as an expression, as Python does for quoted annotations. Returns `None` if the syntax is
    /// invalid.
    pub(crate) fn as_expression(&self) -> Option<&Expr> {
        let parse = || {
            let text = self.value.trim_start_matches([' ', '\t']);
            let parsed = parse_expression(text).ok()?;
            let start = self.start.map(|start| start + self.value.len() - text.len());
            Some(Box::new(Converter { depth: 0, start }.expr(parsed.expr())))
        };
        self.parsed.get_or_init(parse).as_deref()
    }
}

struct Converter {
    depth: usize,
    /// Offset of the parsed text in the file, or `None` if the text is escaped in the file.
    start: Option<usize>,
}

impl Converter {
    fn expr(&mut self, expr: &ast::Expr) -> Expr {
        self.depth += 1;
        let kind = if self.depth > DEPTH_LIMIT {
            ExprKind::Other("a deeply nested expression")
        } else {
            self.kind(expr)
        };
        self.depth -= 1;
        Expr { kind, span: self.span(expr.range()) }
    }

    fn span(&self, range: TextRange) -> Span {
        let (from, to) = (range.start().to_usize(), range.end().to_usize());
        self.start.map_or_else(Span::default, |start| Span::new(start + from, start + to))
    }

    fn text(&self, literal: &ast::ExprStringLiteral) -> Text {
        let value = literal.value.to_str().to_owned();
        let start = match literal.value.as_slice() {
            // A literal without escape sequences has the same text in the file as its value.
            [part] if part.content_range().len().to_usize() == value.len() => {
                self.start.map(|start| start + part.content_range().start().to_usize())
            }
            _ => None,
        };
        Text { value, start, parsed: OnceLock::new() }
    }

    fn boxed(&mut self, expr: &ast::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e ast::Expr>) -> Vec<Expr> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    fn kind(&mut self, expr: &ast::Expr) -> ExprKind {
        use ast::Expr as E;
        match expr {
            E::NoneLiteral(_) => ExprKind::None,
            E::BooleanLiteral(literal) => ExprKind::Bool(literal.value),
            E::EllipsisLiteral(_) => ExprKind::Ellipsis,
            E::NumberLiteral(literal) => number(&literal.value),
            E::StringLiteral(literal) => ExprKind::Str(self.text(literal)),
            E::BytesLiteral(literal) => ExprKind::Bytes(literal.value.bytes().collect()),
            E::FString(literal) => ExprKind::FString(self.f_string(&literal.value)),
            E::Name(name) => ExprKind::Name(name.id.to_string()),
            E::Attribute(attribute) => {
                ExprKind::Attribute(self.boxed(&attribute.value), attribute.attr.to_string())
            }
            E::Subscript(node) => ExprKind::Subscript(self.boxed(&node.value), self.boxed(&node.slice)),
            E::Call(call) => ExprKind::Call(Box::new(self.call(call))),
            E::List(list) => ExprKind::List(self.all(&list.elts)),
            E::Tuple(tuple) => ExprKind::Tuple(self.all(&tuple.elts)),
            E::Set(set) => ExprKind::Set(self.all(&set.elts)),
            E::Dict(dict) => {
                let item = |item: &ast::DictItem| {
                    (item.key.as_ref().map(|key| self.expr(key)), self.expr(&item.value))
                };
                ExprKind::Dict(dict.items.iter().map(item).collect())
            }
            E::Starred(starred) => ExprKind::Starred(self.boxed(&starred.value)),
            E::UnaryOp(node) => ExprKind::Unary(unary(node.op), self.boxed(&node.operand)),
            E::BinOp(node) => {
                ExprKind::Binary(binary(node.op), self.boxed(&node.left), self.boxed(&node.right))
            }
            E::BoolOp(node) => {
                let operator = match node.op {
                    ast::BoolOp::And => LogicalOperator::And,
                    ast::BoolOp::Or => LogicalOperator::Or,
                };
                ExprKind::Logical(operator, self.all(&node.values))
            }
            E::Compare(node) => {
                let rest = node.ops.iter().zip(&node.comparators);
                let rest = rest.map(|(op, right)| (comparison(*op), self.expr(right))).collect();
                ExprKind::Compare(self.boxed(&node.left), rest)
            }
            E::If(node) => ExprKind::Conditional(Box::new(Conditional {
                test: self.expr(&node.test),
                then: self.expr(&node.body),
                otherwise: self.expr(&node.orelse),
            })),
            E::Slice(slice) => ExprKind::Slice(Box::new(
                [&slice.lower, &slice.upper, &slice.step]
                    .map(|part| part.as_ref().map(|part| self.expr(part))),
            )),
            E::Lambda(lambda) => {
                let parameters = lambda.parameters.as_deref().map(|parameters| self.parameters(parameters));
                let parameters = parameters.unwrap_or_default();
                ExprKind::Lambda(Box::new(Lambda { parameters, body: self.expr(&lambda.body) }))
            }
            E::ListComp(_) | E::SetComp(_) | E::DictComp(_) | E::Generator(_) => self.comprehension_of(expr),
            other => ExprKind::Other(kind_name(other)),
        }
    }

    /// Converts a comprehension of any kind to an expression.
    fn comprehension_of(&mut self, expr: &ast::Expr) -> ExprKind {
        match expr {
            ast::Expr::ListComp(node) => {
                self.comprehension(ComprehensionKind::List, &node.generators, |converter| {
                    converter.expr(&node.elt)
                })
            }
            ast::Expr::SetComp(node) => {
                self.comprehension(ComprehensionKind::Set, &node.generators, |converter| {
                    converter.expr(&node.elt)
                })
            }
            ast::Expr::Generator(node) => {
                self.comprehension(ComprehensionKind::Generator, &node.generators, |converter| {
                    converter.expr(&node.elt)
                })
            }
            ast::Expr::DictComp(node) if let Some(key) = &node.key => {
                self.comprehension(ComprehensionKind::Dict, &node.generators, |converter| {
                    let pair = vec![converter.expr(key), converter.expr(&node.value)];
                    Expr { kind: ExprKind::Tuple(pair), span: converter.span(node.range()) }
                })
            }
            _ => ExprKind::Other("a comprehension"),
        }
    }

    fn parameters(&mut self, parameters: &ast::Parameters) -> Vec<Parameter> {
        let mut converted = Vec::new();
        let mut add = |parameter: &ast::Parameter, default: Option<&ast::Expr>, kind: ParameterKind| {
            let annotation = parameter.annotation.as_deref().map(|annotation| self.expr(annotation));
            let default = default.map(|default| self.expr(default));
            converted.push(Parameter { name: parameter.name.to_string(), kind, annotation, default });
        };
        for item in &parameters.posonlyargs {
            add(&item.parameter, item.default.as_deref(), ParameterKind::PositionalOnly);
        }
        for item in &parameters.args {
            add(&item.parameter, item.default.as_deref(), ParameterKind::PositionalOrKeyword);
        }
        if let Some(parameter) = &parameters.vararg {
            add(parameter, None, ParameterKind::VarPositional);
        }
        for item in &parameters.kwonlyargs {
            add(&item.parameter, item.default.as_deref(), ParameterKind::KeywordOnly);
        }
        if let Some(parameter) = &parameters.kwarg {
            add(parameter, None, ParameterKind::VarKeyword);
        }
        converted
    }

    fn call(&mut self, call: &ast::ExprCall) -> Call {
        let keyword = |keyword: &ast::Keyword| {
            (keyword.arg.as_ref().map(ToString::to_string), self.expr(&keyword.value))
        };
        let keywords = call.arguments.keywords.iter().map(keyword).collect();
        Call { function: self.expr(&call.func), arguments: self.all(&call.arguments.args), keywords }
    }

    /// Converts a comprehension with a single loop whose targets are names. Returns [`ExprKind::Other`] without
    /// calling `element` for any other comprehension.
    fn comprehension(
        &mut self,
        kind: ComprehensionKind,
        generators: &[ast::Comprehension],
        element: impl FnOnce(&mut Self) -> Expr,
    ) -> ExprKind {
        let converted = match generators {
            [generator] if !generator.is_async => targets(&generator.target).map(|targets| Comprehension {
                kind,
                element: element(self),
                targets,
                iterable: self.expr(&generator.iter),
                conditions: self.all(&generator.ifs),
            }),
            _ => None,
        };
        match converted {
            Some(comprehension) => ExprKind::Comprehension(Box::new(comprehension)),
            None => ExprKind::Other("a comprehension"),
        }
    }

    fn f_string(&mut self, value: &ast::FStringValue) -> Vec<FormatPart> {
        let mut parts = Vec::new();
        for part in value {
            match part {
                ast::FStringPart::Literal(literal) => {
                    parts.push(FormatPart::Literal(literal.value.to_string()));
                }
                ast::FStringPart::FString(string) => {
                    parts.extend(string.elements.iter().map(|element| self.format_part(element)));
                }
            }
        }
        parts
    }

    fn format_part(&mut self, element: &ast::InterpolatedStringElement) -> FormatPart {
        match element {
            ast::InterpolatedStringElement::Literal(literal) => {
                FormatPart::Literal(literal.value.to_string())
            }
            ast::InterpolatedStringElement::Interpolation(value) => {
                let expr = if value.debug_text.is_some() {
                    let kind = ExprKind::Other("a self-documenting `{x=}`");
                    Expr { kind, span: self.span(value.expression.range()) }
                } else {
                    self.expr(&value.expression)
                };
                let format = value.format_spec.as_ref().map(|spec| {
                    spec.elements.iter().map(|element| self.format_part(element)).collect::<Vec<_>>()
                });
                FormatPart::Value {
                    expr,
                    conversion: value.conversion.to_char(),
                    format: format.unwrap_or_default(),
                }
            }
        }
    }
}

/// Returns the variables of a comprehension, or `None` if a target is not a name.
fn targets(target: &ast::Expr) -> Option<ComprehensionTargets> {
    let name = |target: &ast::Expr| target.as_name_expr().map(|name| name.id.to_string());
    match target {
        ast::Expr::Tuple(tuple) => {
            tuple.elts.iter().map(name).collect::<Option<Vec<_>>>().map(ComprehensionTargets::Names)
        }
        target => name(target).map(ComprehensionTargets::Name),
    }
}

fn number(value: &Number) -> ExprKind {
    match value {
        Number::Int(int) => match int.as_u64() {
            Some(small) => ExprKind::Int(small.into()),
            None => big_int(&int.to_string()),
        },
        Number::Float(float) => ExprKind::Float(*float),
        Number::Complex { real, imag } => ExprKind::Complex(*real, *imag),
    }
}

/// Converts an integer that does not fit in 64 bits. The parser returns such integers as text.
fn big_int(text: &str) -> ExprKind {
    let digits = text.replace('_', "").to_ascii_lowercase();
    let parsed = match digits.split_at_checked(2) {
        Some(("0x", hexadecimal)) => i128::from_str_radix(hexadecimal, 16),
        Some(("0o", octal)) => i128::from_str_radix(octal, 8),
        Some(("0b", binary)) => i128::from_str_radix(binary, 2),
        _ => digits.parse(),
    };
    parsed.map_or(ExprKind::Other("an integer that does not fit in 128 bits"), ExprKind::Int)
}

fn unary(op: ast::UnaryOp) -> UnaryOperator {
    match op {
        ast::UnaryOp::Invert => UnaryOperator::Invert,
        ast::UnaryOp::Not => UnaryOperator::Not,
        ast::UnaryOp::UAdd => UnaryOperator::Plus,
        ast::UnaryOp::USub => UnaryOperator::Minus,
    }
}

pub(super) fn binary(op: ast::Operator) -> BinaryOperator {
    match op {
        ast::Operator::Add => BinaryOperator::Add,
        ast::Operator::Sub => BinaryOperator::Subtract,
        ast::Operator::Mult => BinaryOperator::Multiply,
        ast::Operator::MatMult => BinaryOperator::MatrixMultiply,
        ast::Operator::Div => BinaryOperator::Divide,
        ast::Operator::Mod => BinaryOperator::Modulo,
        ast::Operator::Pow => BinaryOperator::Power,
        ast::Operator::LShift => BinaryOperator::ShiftLeft,
        ast::Operator::RShift => BinaryOperator::ShiftRight,
        ast::Operator::BitOr => BinaryOperator::Or,
        ast::Operator::BitXor => BinaryOperator::Xor,
        ast::Operator::BitAnd => BinaryOperator::And,
        ast::Operator::FloorDiv => BinaryOperator::FloorDivide,
    }
}

fn comparison(op: ast::CmpOp) -> Comparison {
    match op {
        ast::CmpOp::Eq => Comparison::Equal,
        ast::CmpOp::NotEq => Comparison::NotEqual,
        ast::CmpOp::Lt => Comparison::Less,
        ast::CmpOp::LtE => Comparison::LessOrEqual,
        ast::CmpOp::Gt => Comparison::Greater,
        ast::CmpOp::GtE => Comparison::GreaterOrEqual,
        ast::CmpOp::Is => Comparison::Is,
        ast::CmpOp::IsNot => Comparison::IsNot,
        ast::CmpOp::In => Comparison::In,
        ast::CmpOp::NotIn => Comparison::NotIn,
    }
}

/// Returns the name of an unsupported expression's kind.
fn kind_name(expr: &ast::Expr) -> &'static str {
    match expr {
        ast::Expr::Await(_) => "`await`",
        ast::Expr::Yield(_) | ast::Expr::YieldFrom(_) => "`yield`",
        ast::Expr::Named(_) => "`:=`",
        ast::Expr::TString(_) => "a template string",
        _ => "a comprehension",
    }
}
