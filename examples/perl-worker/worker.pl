#!/usr/bin/env perl
# Worker.pl is a whole kinwire worker that needs Perl 5.20 and nothing else, as docs/porting.md
# builds one: a single loop, and payloads that stay the bytes they came as. Try
#
#	echo '{"hello":"world"}' | bin/kinwire run -- perl examples/perl-worker/worker.pl
#	bin/kinwire check -- perl examples/perl-worker/worker.pl
use v5.20; use warnings; use experimental 'signatures';
use List::Util 'min'; use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
use constant { LAST => 1, ERROR => 2, EMPTY => 4, NIL => "\xc0", AT_ONCE => 100, NEVER => 9e99 };

my %METHODS = ('' => \&echo, echo => \&echo, sleep => \&doze);
my %SHAPE = (1 => 'm', 3 => 'i', 5 => 'iism*', 6 => 'iim*', 7 => 'is', 8 => 'ii', 10 => 'is');    # of what parents send
# By first byte: int, map, array, str, nil, bOol, bin, eXt or float, and its number or how to unpack that.
my @HEAD = ((map "i$_", 0 .. 127), (map "m$_", 0 .. 15), (map "a$_", 0 .. 15), (map "s$_", 0 .. 31),
    qw(n0 - o0 o1 bC bn bN xC xn xN ff> fd> iC in iN iQ> ic is> il> iq> x1 x2 x4 x8 x16 sC sn sN an aN mn mN),
    map "i$_", -32 .. -1);
my %SIZE = map { $_ => length pack $_, 0 } qw(C n N Q> c s> l> q> f> d>);
my ($source, $sink, $in, $body) = (undef, undef, '', '');  # the link, what was read, and the frame that is looked at
my ($ready, $cancels, $largest) = (0, 0, 16 << 20);        # what the handshake has settled
my ($until, $term) = (NEVER, 0);                           # the end of the grace; whether SIGTERM has come
my %calls;                                                 # by id: the method and the deadline; the answer and when it is due

sub now { clock_gettime(CLOCK_MONOTONIC) }
sub leave($code, $line) { say STDERR $line; exit $code }
sub broken($rule) { die "the host broke the rule $rule of the kinwire protocol\n" }
sub connected {    # what Perl opens is close-on-exec, 0 to 2 aside
    my $where = delete $ENV{KINWIRE_TRANSPORT} // '';
    if ($where =~ /^fd:(\d+)$/ && $1 > 2) { open $source, '+<&=', $1 and -S ($sink = $source) or return }
    elsif ($where ne 'stdio' || -t STDIN || -t STDOUT) { return }
    else { open $source, '<&', \*STDIN and open $sink, '>&', \*STDOUT and open STDIN, '<', '/dev/null'
        and open STDOUT, '>&', \*STDERR or return }        # so no print breaks the link
    return binmode($source) && binmode($sink);             # whatever PERL_UNICODE says
}

sub head($at) {    # what begins there in the body: its kind, its number or size, and the place behind these
    my ($kind, $n) = unpack 'aa*', $at < length $body ? $HEAD[ord substr $body, $at++, 1] : broken('body-cut');
    broken('body-byte') if $kind eq '-';
    return ($kind, $SIZE{$n} ? unpack("\@$at$n", $body) // broken('body-cut') : $n, $at + ($SIZE{$n} // 0));
}
sub skip($at, $level = 1) {    # where a value ends; and the check of a body: never too deep, and nothing is allocated
    (my $kind, my $n, $at) = head($at);
    broken('body-depth') if $kind =~ /[am]/ && $level > 64;
    if ($kind =~ /[am]/) { $at = skip($at, $level + 1) for 1 .. $n * ($kind eq 'm' ? 2 : 1) }
    $at += $n + ($kind eq 'x') if $kind =~ /[sbx]/;
    return $at <= length $body ? $at : broken('body-cut');
}
sub take($due, $at) {    # a value of that kind: an array or a map as the places of what it holds, nil as undef
    my ($kind, $n, $next) = defined $at ? head($at) : 'n';
    ($kind, $n) = (i => sprintf '%d', $n) if "$due$kind" eq 'if' && $n == int $n && $n - $n == 0;
    return undef if $kind eq 'n';
    broken('element-type') if $kind ne $due;
    my $item = sub { (my $here, $next) = ($next, skip($next)); $here };
    return $kind eq 's' ? substr $body, $next, $n : $kind eq 'a' ? [map $item->(), 1 .. $n]
        : $kind eq 'm' ? {map { (take(s => $item->()) // broken('element-type'), $item->()) } 1 .. $n} : $n;
}
sub message {    # the type of the message in the body, and its elements
    my ($kind, $n, $at) = head(0);
    broken('body-array') if $kind ne 'a' || !$n;
    broken('body-rest') if skip(0) < length $body;
    my $type = take(i => $at) // broken('element-type');
    my @due = split //, $SHAPE{$type} // '';
    broken('element-type') if "@due" =~ /\*/ && $n > 1 + @due;
    my @all = map { $at = --$n > 0 ? skip($at) : undef; $_ ne '*' ? take($_ => $at) : $at ? substr $body, $at : NIL } @due;
    broken('exchange-id') if $type =~ /^[5-8]$/ && (($all[0] // 0) < 1 || $all[0] >= 2**53);
    broken('element-type') if grep $due[$_] eq 'i' && ($all[$_] // 0) < ($type == 8 && $_), 0 .. $#due;    # Credit is 1 at least
    broken('element-type') if $type =~ /^[568]$/ && ($all[1] // 0) >= ($type == 8 ? 2**31 : 2**53);
    return ($type, @all);
}
sub integer($n) { $n < 128 ? chr $n : $n < 2**16 ? pack 'Cn', 0xcd, $n : $n < 2**32 ? pack 'CN', 0xce, $n : pack 'CQ>', 0xcf, $n }
sub str($text) { pack 'CN/a*', 0xdb, $text }
sub array { pack('CN', 0xdd, scalar @_) . join '', @_ }
sub fields(%of) { pack('CN', 0xdf, scalar keys %of) . join '', map { str($_) . $of{$_} } keys %of }
sub failure($code, $why) { fields(code => str($code), message => str($why)) }
sub put {    # sends a message, if the parent takes one so large
    my $frame = pack 'N/a*', join '', chr(0x90 + @_), @_;    # a short head, so that what came in fits out again
    return if length $frame > 4 + $largest;
    while (length $frame) { substr $frame, 0, syswrite($sink, $frame) // ($!{EINTR} ? 0 : leave(69, "the host: $!")), '' }
    return 1;
}
sub output($id, $flags, $payload) {
    put("\6", integer($id), integer($flags), NIL, $payload) or return refuse($id, 'too_large', 'the host takes less');
    delete $calls{$id} if $flags & (LAST | ERROR);
}
sub refuse($id, @why) { output($id, LAST | ERROR, failure(@why)) }
sub echo($id, $flags, $value) { output($id, $flags & (LAST | EMPTY), $value) if $flags != EMPTY }
sub doze($id, $flags, $value) {
    my $ms = $flags & EMPTY ? undef : eval { take(i => take(m => length($body) - length $value)->{ms}) };
    return refuse($id, 'bad_input', 'sleep takes a value such as {"ms": 100}') if !defined $ms;
    @{$calls{$id}}{qw(due answer)} = (now() + $ms / 1000, $value);
}
sub initialize($hello) {
    $largest = take(i => ($hello // broken('element-type'))->{max_frame}) || $largest;
    broken($largest > 0 ? 'max-frame' : 'element-type') if $largest < 4096;
    my @versions = map take(i => $_) // (), @{take(a => $hello->{versions}) // []};
    $cancels = grep { (take(s => $_) // '') eq 'cancel' } @{take(a => $hello->{features}) // []};
    my %about = (version => "\1", name => str('perl'), pid => integer($$), concurrency => integer(AT_ONCE),
        methods => array(map str($_), sort keys %METHODS), features => array((str('cancel')) x !!$cancels));
    $SIG{TERM} = sub { $term = 1 };                        # only the loop writes
    return $ready = put("\2", fields(%about)) if grep $_ == 1, @versions;
    my $why = "the host speaks the versions @versions, this worker 1";
    put("\2", fields(%about, error => failure('unsupported_version', $why))), put("\x0c", "\1", str($why)), leave(1, $why);
}
sub input($id, $flags, $method, $meta, $value) {
    my $left = take(i => $meta->{timeout_ms});
    if (defined $method) {
        broken('exchange-id') if $id % 2 == 0 || $calls{$id};
        $calls{$id} = {method => $METHODS{$method}, late => defined $left ? now() + $left / 1000 : NEVER, due => NEVER};
        return refuse($id, 'shutting_down', 'no new requests are taken') if $until < NEVER;
        return refuse($id, 'unknown_method', "there is no method $method") if !$METHODS{$method};
        return refuse($id, 'overloaded', AT_ONCE . ' requests are open') if keys %calls > AT_ONCE;
        return refuse($id, 'deadline_exceeded', 'the time was up before the request came') if ($left // 1) <= 0;
    }
    my $call = $calls{$id} or return;                      # it has ended, or never was
    return refuse($id, 'failed', 'the input has failed') if ($flags = ($flags // 0) & 7) & ERROR;
    $call->{method}->($id, $flags, $value) if $call->{due} == NEVER;
}
my %ON = (1 => \&initialize, 5 => \&input,
    10 => sub { $until = now() + ($_[0] // 0) / 1000; put("\x0b", integer(scalar keys %calls)) },
    3 => sub { put("\4", integer($_[0] // 0), fields(in_flight => integer(scalar keys %calls))) },
    7 => sub { refuse($_[0], 'canceled', 'the host has given up') if $cancels && $calls{$_[0]} });
sub turn {    # one turn of the loop: what is due, then what comes
    my $now = now();
    for my $id (keys %calls) {
        if ($calls{$id}{late} <= $now) { refuse($id, 'deadline_exceeded', 'the time is up') }
        elsif ($calls{$id}{due} <= $now) { output($id, LAST, $calls{$id}{answer}) }
    }
    $ON{10}->(1000 * min(2, $until - $now)), $term = 0 if $term;
    if ($now >= $until || $until < NEVER && !%calls) {
        refuse($_, 'canceled', 'the worker is shutting down') for keys %calls;
        put("\x0c", "\0", str('shutdown')), exit 0;
    }
    vec(my $readable = '', fileno $source, 1) = 1;         # 0.5 s, since a signal may just have missed the wait
    return if select($readable, undef, undef, min(0.5, map $_ - $now, $until, map @$_{qw(late due)}, values %calls)) <= 0;
    sysread($source, $in, 65536, length $in) // $!{EINTR} or leave(69, 'the host is gone');
    while (length $in >= 4) {
        my $size = unpack 'N', $in;
        broken('frame-length') if $size < 1 || $size > 16 << 20;
        last if length $in < 4 + $size;
        $body = substr substr($in, 0, 4 + $size, ''), 4;
        my ($type, @elements) = message();
        broken('sender') if grep $type == $_, 2, 4, 9, 11, 12;
        broken('order') if $type >= 1 && $type <= 12 && ($type == 1) == $ready;
        $ON{$type}->(@elements) if $ON{$type};
    }
}

$SIG{INT} = $SIG{PIPE} = sub { };                          # not IGNORE, which what a worker starts would inherit
connected() or leave(64, 'this is a kinwire worker: start it with `kinwire run -- COMMAND`');
eval { turn() while 1 } // leave($@ =~ /^the host broke/ ? 65 : 70, $@ =~ s/\n$//r);
