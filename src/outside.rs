//! What comes from outside as JSON, as the house takes it.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads JSON that somebody else wrote. Nobody writes a NUL, and PostgreSQL keeps no text that
/// holds one: it is left out of every text.
///
/// # Errors
/// When it is no JSON, or none of that shape.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    if !bytes.windows(6).any(|six| six == b"\\u0000") {
        return serde_json::from_slice(bytes);
    }
    let mut value = serde_json::from_slice(bytes)?;
    leave_out_nul(&mut value);
    serde_json::from_value(value)
}

fn leave_out_nul(value: &mut Value) {
    match value {
        Value::String(text) => text.retain(|letter| letter != '\0'),
        Value::Array(items) => items.iter_mut().for_each(leave_out_nul),
        Value::Object(fields) => fields.values_mut().for_each(leave_out_nul),
        _ => {}
    }
}
