/// # What runs inside
/// [JavaRunner] is the first class of a JVM in the sandbox. It uses nothing of Jackdaw.
package dev.jackdaw.agent.sandbox.inside;
