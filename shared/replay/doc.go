// Package replay runs the payloads of events/ through the handlers that the Lambdas start, and holds the answers to what is written beside them.
//
// events/<function>/<case>.json is what AWS calls the function with, byte for byte; <case>.want.json is what came of it:
//
//	{"answer": what the function answered, "error": what it failed with instead, "state": what the case left in tables, files and the failure queue}
//
// The clock of every case stands at Clock and the keys are Keyring, so that payloads can carry good cookies and most of an answer is the same every time. What is drawn by
// lot or measured is masked by one rule, before anything is compared: an id that we drew (v_ or p_ and 22 characters) becomes "v_*" or "p_*", and in the same way
// the draw in the key of a decision on consent, a model's version, the value of the visitor's cookie and of a session's, the fingerprint of the console's assets, the temporary folder of the bucket, and each value of the members and headers of Volatile. Texts that hold a JSON object, such as a body, are shown as that object; members that
// are null or no time at all are left out.
//
// go test ./functions/... -update writes the wanted files anew.
package replay
