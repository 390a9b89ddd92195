package process

// rlimitAddressSpace: there is no such limit here.
const rlimitAddressSpace = -1
