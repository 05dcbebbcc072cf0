//! A content-addressed store of pieces over the Cache API.
