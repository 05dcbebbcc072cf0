//! Hosts a folder of models: files, pieces, the hub's API and the pages.
