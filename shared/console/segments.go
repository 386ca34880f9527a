package console

// segmentPages are the list of segments and the editor.
var segmentPages = map[string]handler{}
