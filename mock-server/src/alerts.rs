//! Telling everybody of the customers who have been waiting too long for an answer. Who has, and since when, is for the
//! chats to know.

use serde_json::json;

use crate::backend::Backend;
use crate::chats::Alert;

/// Tells of those for whom it has come to that since the last time.
pub(crate) fn tell(backend: &mut Backend) {
    let now = backend.now();
    for Alert { chat_id, elapsed_minutes, alert_type } in backend.chats.due_alerts(now) {
        let Some(chat) = backend.chats.get(&chat_id) else { continue };
        let told = json!({
            "chat_id": chat_id,
            "customer_type": chat.customer_type,
            "customer": chat.number,
            "customer_name": chat.name,
            "assigned_executive_id": chat.executive_id(),
            "elapsed_minutes": elapsed_minutes,
            "alert_type": alert_type,
        });
        backend.announce("sla_alert", told);
    }
}
