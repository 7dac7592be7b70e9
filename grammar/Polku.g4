// The Polku language.
//
// A file is a sequence of blocks:
//   block : journeyHead clause* (ruleHead clause*)* END | segmentBlock END | guaranteeBlock END | testHead testLine* END
// Every clause starts with a hard word, so compiler/syntax/outline.cc cuts the tokens into pieces at those words and each piece
// is parsed on its own by one of the rules in the section "pieces": a fault stays in its clause, and the time is linear.
// Soft words make some beginnings look alike (an event may be called `visitor`); the alternative written first then wins.
// SLL prediction is tried first, LL only where SLL fails.
grammar Polku;

// ---- pieces ----

journeyHead    : JOURNEY STRING (VERSION INT)? EOF ;
ruleHead       : RULE name EOF ;
segmentBlock   : SEGMENT name IS expr EOF ;
guaranteeBlock : GUARANTEE STRING promise EOF ;
testHead       : TEST STRING EOF ;
clausePiece    : clause EOF ;
testPiece      : testLine EOF ;
exprPiece      : expr EOF ;
conjunctPiece  : notExpr EOF ;

// ---- clauses ----

clause
  : WHEN trigger                                              # whenClause
  | THEN NO occurrence (COMMA occurrence)* FOR length         # thenNoClause
  | THEN WAIT length                                          # thenWaitClause
  | ONLY IF expr                                              # onlyIfClause
  | NOT IF expr                                               # notIfClause
  | LIMIT INT countedUnit IN length across?                   # limitClause
  | PRIORITY DASH? INT                                        # priorityClause
  | OWNER STRING                                              # ownerClause
  | DO (act+ | choose)                                        # doClause
  | GOAL occurrence WITHIN length (WORTH expr)?               # goalClause
  | STOP WHEN occurrence                                      # stopClause
  | QUIET TIME TO TIME VISITOR TIME_WORD (COMMA THEN (WAIT | SKIPPED))?  # quietClause
  | HOLD OUT number (AS STRING)?                              # holdOutClause
  | ONCE (IN length | PER VISITOR)                            # onceClause
  | FROM date (UNTIL date)?                                   # fromClause
  ;
across : ACROSS STRING ;
countedUnit : MESSAGES | SHOWS | SHOW | TASKS | TASK ;

trigger
  : occurrence                                                # eventTrigger
  | ANY OF occurrence (COMMA occurrence)*                     # anyTrigger
  | INT occurrence (WITH THE SAME name)? WITHIN length        # countTrigger
  | IN ORDER WITHIN length COLON occurrence (COMMA occurrence)* (WITHOUT occurrence)?  # orderTrigger
  | VISITOR (ENTERS | LEAVES) name                            # memberTrigger
  | ASKED FOR path                                            # askedTrigger
  | EVERY DAY AT TIME VISITOR TIME_WORD                       # everyTrigger
  | ON path AT TIME                                           # onTrigger
  ;

// An event of the catalog, or what a rule did.
occurrence : (STRING DOT)? name (SENT | SHOWN)? (WHERE where)? ;

act
  : SEND STRING BY (BEST OF name (COMMA name)* | name) params?  # sendAct
  | SHOW STRING IN path showFor? params?                      # showAct
  | RAISE TASK STRING params?                                 # raiseAct
  | SUPPRESS STRING FOR length                                # suppressAct
  | SPLIT STRING COLON share (COMMA share)*                   # splitAct
  ;
showFor : FOR length ;
params  : WITH bindings ;
bindings: binding (COMMA binding)* ;
binding : path EQ (GIVEN | MISSING | expr) ;
share   : number name ;

// A row is one line: ROW_END is the last bar of a line. That rows and head are as long as each other is seen to in build_action.cc.
choose : CHOOSE head row+ ;
head   : BAR operand (BAR operand)* BAR DO ROW_END ;
row    : BAR cell (BAR cell)* BAR (act+ | NOTHING) ROW_END ;
cell   : DASH | IS? (MISSING | GIVEN) | IS? ONE OF list | compareOp? operand ;

promise
  : NEVER (SEND | SHOW) (BY name (COMMA name)*)? UNLESS expr   # neverPromise
  | AT MOST INT countedUnit IN length                         # atMostPromise
  ;

// ---- tests ----

testLine
  : VISITOR bindings                                          # startLine
  | moment EXPECT expected because?                           # expectLine
  | moment VISITOR bindings                                   # setLine
  | moment ASKED FOR path                                     # askedLine
  | moment name bindings?                                     # eventLine
  ;
moment   : (DAY INT)? (AT | UNTIL) TIME ;
expected
  : NOTHING                                                   # expectNothing
  | SEND STRING (BY name)? params?                            # expectSend
  | SHOW STRING (IN path)? params?                            # expectShow
  | RAISE TASK STRING params?                                 # expectRaise
  ;
because  : BECAUSE (name | UNKNOWN | NOTHING | QUIET | GUARANTEE) ;   // an outcome; some are called like words of the language

// ---- expressions, from loose to tight; a condition is an expression of type yes/no ----

expr       : andExpr (OR andExpr)* ;
andExpr    : notExpr (AND notExpr)* ;
notExpr    : NOT notExpr | comparison ;
comparison
  : name (WHERE where)? HAPPENED window?                      # eventHappened
  | (STRING DOT)? name (SENT | SHOWN) window?                 # ruleActed
  | operand test?                                             # plainComparison
  ;

// What stands in a `where` ends at `happened` or at a window, so neither is part of it (but in parentheses).
where      : whereAnd (OR whereAnd)* ;
whereAnd   : whereNot (AND whereNot)* ;
whereNot   : NOT whereNot | operand test? ;

test
  : compareOp operand                                         # compareTest
  | IS NOT? (GIVEN | MISSING)                                 # presenceTest
  | IS NOT? ONE OF list                                       # oneOfTest
  | (CONTAINS | STARTS WITH | ENDS WITH) operand              # textTest
  | IS? NOT? IN name                                          # segmentTest
  ;
compareOp
  : IS NOT? | EQ | NOT_EQUAL | LESS_EQUAL | GREATER_EQUAL | LESS_SIGN | GREATER_SIGN
  | (IS NOT?)? (AT LEAST | AT MOST | LESS THAN | GREATER THAN)
  ;

operand       : term ((PLUS | DASH) term)* ;
term          : factor ((STAR | SLASH) factor)* ;
factor        : DASH factor | fallback ;
fallback      : primary (OTHERWISE signedPrimary)* ;
signedPrimary : DASH signedPrimary | primary ;
primary
  : LPAREN expr RPAREN                                        # groupPrimary
  | NUMBER OF occurrence window?                              # countPrimary
  | (SUM | AVERAGE | HIGHEST | LOWEST) OF eventField (WHERE where)? window?  # valuesPrimary
  | LAST eventField                                           # lastPrimary
  | FIRST eventField                                          # firstPrimary
  | STRING DOT name                                           # rulePrimary
  | literal                                                   # literalPrimary
  | list                                                      # listPrimary
  | path                                                      # pathPrimary
  ;
eventField : name DOT fieldName ;
list       : LBRACKET (operand (COMMA operand)*)? RBRACKET ;

window
  : IN THE LAST length beforeThis?                            # lastWindow
  | SINCE name beforeThis?                                    # sinceWindow
  | EVER beforeThis?                                          # everWindow
  | (TODAY | THIS (WEEKS | MONTHS)) beforeThis?               # calendarWindow
  | beforeThis                                                # beforeWindow
  ;
beforeThis : BEFORE THIS ;

literal : STRING | date | number ;
number  : (INT | DECIMAL) (CURRENCY | PERCENT | durationUnit)? ;
date    : INT MONTH INT ;
length  : INT durationUnit ;
durationUnit : SECONDS | MINUTES | HOURS | DAY | DAYS | WEEKS ;

// ---- names ----

path      : name (DOT fieldName)* ;
fieldName : name | hardWord ;
name      : NAME | TICKED | CURRENCY | MONTH | softWord ;

// Words that begin a block, clause or action, and four more: names only after a dot (or in backticks).
hardWord
  : JOURNEY | RULE | SEGMENT | GUARANTEE | TEST | END | WHEN | THEN | ONLY | NOT | LIMIT | ONCE | QUIET | HOLD | STOP | GOAL | OWNER
  | PRIORITY | DO | SEND | SHOW | RAISE | SUPPRESS | CHOOSE | SPLIT | GIVEN | MISSING | UNKNOWN | NOTHING
  ;
// Words that mean something in their place and are free names elsewhere.
softWord
  : VERSION | IS | IN | THE | LAST | FIRST | SINCE | EVER | TODAY | THIS | BEFORE | WHERE | HAPPENED | SENT | SHOWN | NUMBER | SUM | AVERAGE
  | HIGHEST | LOWEST | OF | AND | OR | OTHERWISE | AT | LEAST | MOST | LESS | GREATER | THAN | ONE | CONTAINS | STARTS | ENDS | WITH | ANY
  | SAME | WITHIN | ORDER | WITHOUT | VISITOR | ENTERS | LEAVES | ASKED | FOR | EVERY | ON | TIME_WORD | NO | WAIT | SKIPPED | IF
  | MESSAGES | SHOWS | ACROSS | WORTH | TO | OUT | AS | PER | FROM | UNTIL | BY | BEST | TASK | TASKS | NEVER | UNLESS | EXPECT | BECAUSE
  | SECONDS | MINUTES | HOURS | DAY | DAYS | WEEKS | MONTHS
  ;

// ---- tokens ----

JOURNEY: 'journey'; RULE: 'rule'; SEGMENT: 'segment'; GUARANTEE: 'guarantee'; TEST: 'test'; END: 'end'; WHEN: 'when'; THEN: 'then';
ONLY: 'only'; NOT: 'not'; LIMIT: 'limit'; ONCE: 'once'; QUIET: 'quiet'; HOLD: 'hold'; STOP: 'stop'; GOAL: 'goal'; OWNER: 'owner';
PRIORITY: 'priority'; DO: 'do'; SEND: 'send'; SHOW: 'show'; RAISE: 'raise'; SUPPRESS: 'suppress'; CHOOSE: 'choose'; SPLIT: 'split';
GIVEN: 'given'; MISSING: 'missing'; UNKNOWN: 'unknown'; NOTHING: 'nothing';

VERSION: 'version'; IS: 'is'; IN: 'in'; THE: 'the'; LAST: 'last'; FIRST: 'first'; SINCE: 'since'; EVER: 'ever'; TODAY: 'today';
THIS: 'this'; BEFORE: 'before'; WHERE: 'where'; HAPPENED: 'happened'; SENT: 'sent'; SHOWN: 'shown'; NUMBER: 'number'; SUM: 'sum';
AVERAGE: 'average'; HIGHEST: 'highest'; LOWEST: 'lowest'; OF: 'of'; AND: 'and'; OR: 'or'; OTHERWISE: 'otherwise'; AT: 'at';
LEAST: 'least'; MOST: 'most'; LESS: 'less'; GREATER: 'more'; THAN: 'than'; ONE: 'one'; CONTAINS: 'contains'; STARTS: 'starts';
ENDS: 'ends'; WITH: 'with'; ANY: 'any'; SAME: 'same'; WITHIN: 'within'; ORDER: 'order'; WITHOUT: 'without'; VISITOR: 'visitor';
ENTERS: 'enters'; LEAVES: 'leaves'; ASKED: 'asked'; FOR: 'for'; EVERY: 'every'; ON: 'on'; TIME_WORD: 'time'; NO: 'no'; WAIT: 'wait';
SKIPPED: 'skip'; IF: 'if'; MESSAGES: 'messages' | 'message'; SHOWS: 'shows'; ACROSS: 'across'; WORTH: 'worth'; TO: 'to'; OUT: 'out';
AS: 'as'; PER: 'per'; FROM: 'from'; UNTIL: 'until'; BY: 'by'; BEST: 'best'; TASK: 'task'; TASKS: 'tasks'; NEVER: 'never'; UNLESS: 'unless';
EXPECT: 'expect'; BECAUSE: 'because';
SECONDS: 'seconds' | 'second'; MINUTES: 'minutes' | 'minute'; HOURS: 'hours' | 'hour'; DAY: 'day'; DAYS: 'days';
WEEKS: 'weeks' | 'week'; MONTHS: 'months' | 'month';
MONTH
  : 'January' | 'February' | 'March' | 'April' | 'May' | 'June' | 'July' | 'August' | 'September' | 'October' | 'November' | 'December' ;
CURRENCY: [A-Z] [A-Z] [A-Z] ;

NAME    : [\p{L}_] [\p{L}\p{M}\p{N}_]* ;
TICKED  : '`' ~[`\r\n]* '`' ;
TIME    : [0-9]+ ':' [0-9]+ (':' [0-9]+)? ;
DECIMAL : [0-9]+ '.' [0-9]+ ;
INT     : [0-9]+ ;
STRING  : '"' ('\\' ~[\r\n] | ~["\\\r\n])* '"' ;

EQ: '='; NOT_EQUAL: '!='; LESS_EQUAL: '<='; GREATER_EQUAL: '>='; LESS_SIGN: '<'; GREATER_SIGN: '>';
LPAREN: '('; RPAREN: ')'; LBRACKET: '['; RBRACKET: ']'; COMMA: ','; DOT: '.'; COLON: ':'; PERCENT: '%';
PLUS: '+'; DASH: '-'; STAR: '*'; SLASH: '/';
ROW_END : '|' [ \t\u00A0]* ('#' ~[\r\n]*)? ('\r'? '\n' | '\r' | EOF) ;
BAR     : '|' ;

COMMENT : '#' ~[\r\n]* -> skip ;
BLANK   : [ \t\r\n\u00A0]+ -> skip ;

// Faults that the lexer meets; lexer.cc says each in a sentence.
UNCLOSED_STRING : '"' ('\\' ~[\r\n] | ~["\\\r\n])* '\\'? ;
UNCLOSED_TICK   : '`' ~[`\r\n]* ;
DOUBLE_EQUAL    : '==' ;
STRAY           : . ;
