//! One classic script with the WebAssembly in a string literal.

use crate::bind::Bound;

pub(super) fn script(package: &str, bound: &Bound) -> String {
    let Bound { wasm, glue } = bound;
    let wasm = literal(wasm);
    format!(
        "// Generated from the crate {package}.\n\
         {glue}\n\
         {{\n\
         const text = \"{wasm}\";\n\
         const bytes = new Uint8Array(text.length);\n\
         for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);\n\
         wasm_bindgen.initSync({{ module: bytes }});\n\
         }}\n"
    )
}

/// Bytes as the inside of a JavaScript string literal of code units up to U+00FF. Compressed for the wire this
/// is a fifth smaller than base64, which hides the repetitions that compression lives from.
fn literal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    for (i, byte) in bytes.iter().enumerate() {
        match byte {
            // Before a digit, `\0` would be an octal escape.
            b'\0' if bytes.get(i + 1).is_some_and(u8::is_ascii_digit) => text.push_str("\\x00"),
            b'\0' => text.push_str("\\0"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            other => text.push(char::from(*other)),
        }
    }
    text
}
