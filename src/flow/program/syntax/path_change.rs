//! Recognizes statements that add directories to `sys.path`.

use ruff_python_ast as ast;

use super::{expression::convert, expression_tree::Expr, statement::Builder, tree::PathChange};

impl Builder<'_> {
    fn path_change(&mut self, at: usize, is_front: bool, folders: Vec<Expr>) {
        self.body.path_changes.push(PathChange { at, branch: self.branch, is_front, folders });
    }

    /// Records a call that adds directories to `sys.path`.
    ///
    /// Recognizes `sys.path.insert(0, x)`, `sys.path.append(x)`, `sys.path.extend([x])` and `site.addsitedir(x)`.
    pub(super) fn path_call(&mut self, expr: &ast::Expr, at: usize) {
        let Some(call) = expr.as_call_expr() else { return };
        let Some(function) = call.func.as_attribute_expr() else { return };
        let arguments = &*call.arguments.args;
        match (function.attr.as_str(), arguments) {
            ("insert", [_, folder]) if is_sys_path(&function.value) => {
                self.path_change(at, true, vec![convert(folder)]);
            }
            ("append", [folder]) if is_sys_path(&function.value) => {
                self.path_change(at, false, vec![convert(folder)]);
            }
            ("extend", [folders]) if is_sys_path(&function.value) => {
                self.path_change(at, false, elements(folders));
            }
            ("addsitedir", [folder]) => self.path_change(at, false, vec![convert(folder)]),
            _ => {}
        }
    }

    /// Records an assignment that adds directories to `sys.path`.
    ///
    /// Recognizes `sys.path = [x] + sys.path`, `sys.path = [x, *sys.path]` and `sys.path[:0] = [x]`.
    pub(super) fn path_assignment(&mut self, assign: &ast::StmtAssign, at: usize) {
        let [target] = assign.targets.as_slice() else { return };
        if let Some(slice) = target.as_subscript_expr()
            && is_sys_path(&slice.value)
        {
            return self.path_change(at, true, elements(&assign.value));
        }
        if !is_sys_path(target) {
            return;
        }
        match &*assign.value {
            ast::Expr::BinOp(sum) if is_sys_path(&sum.right) => {
                self.path_change(at, true, elements(&sum.left));
            }
            ast::Expr::BinOp(sum) if is_sys_path(&sum.left) => {
                self.path_change(at, false, elements(&sum.right));
            }
            list => self.path_change(at, true, elements(list)),
        }
    }

    /// Records an assignment such as `sys.path += [x]` that adds directories to `sys.path`.
    pub(super) fn path_extension(&mut self, assign: &ast::StmtAugAssign, at: usize) {
        if is_sys_path(&assign.target) {
            self.path_change(at, false, elements(&assign.value));
        }
    }
}

fn is_sys_path(expr: &ast::Expr) -> bool {
    expr.as_attribute_expr().is_some_and(|attribute| {
        &attribute.attr == "path" && attribute.value.as_name_expr().is_some_and(|name| &name.id == "sys")
    })
}

/// Returns the elements of a list or tuple literal, except elements unpacked with `*`.
fn elements(expr: &ast::Expr) -> Vec<Expr> {
    let elements = match expr {
        ast::Expr::List(list) => list.elts.as_slice(),
        ast::Expr::Tuple(tuple) => tuple.elts.as_slice(),
        _ => return Vec::new(),
    };
    elements.iter().filter(|element| !element.is_starred_expr()).map(convert).collect()
}
