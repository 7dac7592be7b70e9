package w1;

/** A row of W1 as a fact: 32 attributes. */
public final class Row {
  private final int[] values;
  private final int at;

  Row(int[] values, int at) {
    this.values = values;
    this.at = at;
  }

  public int getA0() { return values[at + 0]; }
  public int getA1() { return values[at + 1]; }
  public int getA2() { return values[at + 2]; }
  public int getA3() { return values[at + 3]; }
  public int getA4() { return values[at + 4]; }
  public int getA5() { return values[at + 5]; }
  public int getA6() { return values[at + 6]; }
  public int getA7() { return values[at + 7]; }
  public int getA8() { return values[at + 8]; }
  public int getA9() { return values[at + 9]; }
  public int getA10() { return values[at + 10]; }
  public int getA11() { return values[at + 11]; }
  public int getA12() { return values[at + 12]; }
  public int getA13() { return values[at + 13]; }
  public int getA14() { return values[at + 14]; }
  public int getA15() { return values[at + 15]; }
  public int getA16() { return values[at + 16]; }
  public int getA17() { return values[at + 17]; }
  public int getA18() { return values[at + 18]; }
  public int getA19() { return values[at + 19]; }
  public int getA20() { return values[at + 20]; }
  public int getA21() { return values[at + 21]; }
  public int getA22() { return values[at + 22]; }
  public int getA23() { return values[at + 23]; }
  public int getA24() { return values[at + 24]; }
  public int getA25() { return values[at + 25]; }
  public int getA26() { return values[at + 26]; }
  public int getA27() { return values[at + 27]; }
  public int getA28() { return values[at + 28]; }
  public int getA29() { return values[at + 29]; }
  public int getA30() { return values[at + 30]; }
  public int getA31() { return values[at + 31]; }
}
