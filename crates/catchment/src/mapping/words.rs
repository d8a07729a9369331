//! Words that people name columns with, in English and Spanish, and what they mean.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words that mean the same.
const MEANINGS: &[&[&str]] = &[
    &["name", "nombre", "denominacion"],
    &["title", "titulo"],
    &["description", "descripcion", "desc", "detail", "detalle"],
    &["price", "precio", "importe", "amount", "valor", "pvp", "tarifa"],
    &["cost", "coste", "costo"],
    &["total"],
    &["quantity", "cantidad", "qty", "count", "numero", "num"],
    &["stock", "existencia", "inventario", "inventory"],
    &["product", "producto", "item", "articulo", "article"],
    &["song", "cancion", "track", "tema"],
    &["artist", "artista", "interprete", "singer", "cantante"],
    &["album", "disco"],
    &["genre", "genero"],
    &["category", "categoria"],
    &["brand", "marca"],
    &["model", "modelo"],
    &["code", "codigo", "cod", "sku", "reference", "referencia", "ref"],
    &["id", "identifier", "identificador", "key", "clave"],
    &["date", "fecha"],
    &["time", "hora"],
    &["day", "dia"],
    &["month", "mes"],
    &["year", "ano", "anio"],
    &["created", "creado", "alta", "creation", "creacion"],
    &["updated", "actualizado", "modified", "modificado"],
    &["customer", "cliente", "client"],
    &["supplier", "proveedor", "vendor"],
    &["store", "tienda", "shop", "local", "branch", "sucursal"],
    &["employee", "empleado", "staff"],
    &["address", "direccion", "domicilio"],
    &["street", "calle"],
    &["city", "ciudad", "town", "poblacion", "localidad"],
    &["province", "provincia", "state", "estado", "region"],
    &["country", "pais"],
    &["postal", "zip", "postcode", "cp"],
    &["phone", "telefono", "tel", "telephone", "movil", "mobile"],
    &["email", "correo", "mail"],
    &["language", "idioma", "lengua"],
    &["size", "tamano", "talla"],
    &["color", "colour"],
    &["weight", "peso"],
    &["height", "alto", "altura"],
    &["width", "ancho", "anchura"],
    &["length", "largo", "longitud", "duration", "duracion"],
    &["active", "activo", "enabled", "habilitado"],
    &["available", "disponible"],
    &["status", "situacion"],
    &["type", "tipo", "kind"],
    &["note", "nota", "comment", "comentario", "remark", "observacion"],
    &["tax", "impuesto", "iva", "vat"],
    &["discount", "descuento"],
    &["currency", "moneda", "divisa"],
    &["unit", "unidad", "unitario"],
    &["first", "primero"],
    &["last", "ultimo", "apellido", "surname"],
    &["number", "no", "nro"],
    &["url", "link", "enlace", "web"],
    &["image", "imagen", "photo", "foto", "picture"],
];

/// Words that mean nothing beside others.
const FILLERS: [&str; 12] = ["de", "del", "la", "el", "los", "las", "en", "of", "the", "in", "for", "por"];

/// A name without case, accents, or what stands between its words: `Título canción` is `titulo_cancion`.
pub(super) fn plain(name: &str) -> String {
    let mut plain = String::new();
    for char in name.nfkd().filter(|char| !is_combining_mark(*char)).flat_map(char::to_lowercase) {
        if char.is_alphanumeric() {
            plain.push(char);
        } else if !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain.trim_end_matches('_').to_owned()
}

/// The words of a name, without case and accents: `productName` has the same as `product_name`.
pub(super) fn words(name: &str) -> Vec<String> {
    let (mut split, mut was_small) = (String::with_capacity(name.len() + 4), false);
    for char in name.chars() {
        if char.is_uppercase() && was_small {
            split.push(' ');
        }
        was_small = char.is_lowercase() || char.is_numeric();
        split.push(char);
    }
    plain(&split).split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What the words of a name mean.
pub(super) fn meanings(name: &str) -> BTreeSet<String> {
    let words = words(name);
    words.into_iter().filter(|word| !FILLERS.contains(&word.as_str())).map(|word| meaning(&word)).collect()
}

fn meaning(word: &str) -> String {
    let known =
        |word: &str| MEANINGS.iter().find(|words| words.contains(&word)).map(|words| words[0].to_owned());
    let singular = [word.strip_suffix("es"), word.strip_suffix('s')];
    let found = known(word).or_else(|| singular.iter().flatten().find_map(|word| known(word)));
    found.unwrap_or_else(|| word.strip_suffix('s').unwrap_or(word).to_owned())
}
