//! The interface: pages rendered on the server and hydrated in the browser.
