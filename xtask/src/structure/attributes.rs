//! What attributes say about an item: whether it is compiled for tests alone, and in which file a module is.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, Meta};

/// Whether an item carries `#[cfg(test)]`, or another condition with `test` in it that is not negated, such as
/// `any(test, feature = "fuzz")`: none of these is part of the product.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => has_test(list.tokens.clone()),
        _ => false,
    })
}

fn has_test(condition: TokenStream) -> bool {
    let mut is_negated = false;
    for tree in condition {
        match tree {
            TokenTree::Ident(word) if word == "test" => return true,
            TokenTree::Group(group) if !is_negated && has_test(group.stream()) => return true,
            other => is_negated = matches!(other, TokenTree::Ident(word) if word == "not"),
        }
    }
    false
}

/// The value of `#[path = "…"]`.
pub(super) fn find_path(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) => Some(value.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The attributes of an item.
pub(super) fn of_item(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(syn::ItemConst { attrs, .. })
        | Item::Enum(syn::ItemEnum { attrs, .. })
        | Item::ExternCrate(syn::ItemExternCrate { attrs, .. })
        | Item::Fn(syn::ItemFn { attrs, .. })
        | Item::Impl(syn::ItemImpl { attrs, .. })
        | Item::Macro(syn::ItemMacro { attrs, .. })
        | Item::Mod(syn::ItemMod { attrs, .. })
        | Item::Static(syn::ItemStatic { attrs, .. })
        | Item::Struct(syn::ItemStruct { attrs, .. })
        | Item::Trait(syn::ItemTrait { attrs, .. })
        | Item::Type(syn::ItemType { attrs, .. })
        | Item::Use(syn::ItemUse { attrs, .. }) => attrs,
        _ => &[],
    }
}

/// The attributes of a method or constant of an `impl`.
pub(super) fn of_impl_item(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(syn::ImplItemConst { attrs, .. }) | ImplItem::Fn(syn::ImplItemFn { attrs, .. }) => {
            attrs
        }
        _ => &[],
    }
}
