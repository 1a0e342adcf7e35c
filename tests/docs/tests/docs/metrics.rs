//! Every metric of the host is told of.

use syn::visit::Visit;

use crate::read;

const PAGE: &str = "docs/operate.md";

/// Names that are registered, without the prefix.
#[derive(Default)]
struct Names(Vec<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let registers = call.method == "register" || call.method == "register_with_unit";
        if registers && let Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. })) = call.args.first() {
            self.0.push(name.value());
        }
        syn::visit::visit_expr_method_call(self, call);
    }
}

/// Whether a page has the name, with the end that its unit or kind gives it.
fn told(page: &str, name: &str) -> bool {
    ["_", "`"].iter().any(|end| page.contains(&format!("`codeflare_{name}{end}")))
}

#[test]
fn every_metric_is_on_the_page_for_admins() {
    let mut names = Names::default();
    names.visit_file(&syn::parse_file(&read("host/controller/src/metrics.rs")).unwrap());
    assert!(names.0.len() > 2, "only {:?} were found", names.0);
    let page = read(PAGE);
    let missing: Vec<_> = names.0.iter().filter(|name| !told(&page, name)).collect();
    assert!(missing.is_empty(), "{PAGE} does not tell of {missing:?}");
}
