//! Messages to channels as clients see them.

use super::Look;
use crate::api::view::{BroadcastView, ReadMark};

impl Look<'_> {
    /// The latest messages, newest first.
    pub(super) fn broadcasts(&self) -> Vec<BroadcastView> {
        self.state
            .broadcasts
            .iter()
            .rev()
            .map(|(id, sent)| BroadcastView {
                id: id.to_string(),
                channel: sent.notice.channel.to_string(),
                kind: sent.notice.kind.to_string(),
                subject: sent.notice.subject.clone(),
                impact: sent.notice.impact.clone(),
                action_items: sent.notice.action_items.clone(),
                from: sent.from.to_string(),
                at: sent.at.wall.to_string(),
                read: sent
                    .recipients
                    .iter()
                    .filter_map(|(role, read)| Some(ReadMark { role: role.to_string(), at: (*read)?.wall.to_string() }))
                    .collect(),
                unread: sent
                    .recipients
                    .iter()
                    .filter(|(_, read)| read.is_none())
                    .map(|(role, _)| role.to_string())
                    .collect(),
            })
            .collect()
    }
}
