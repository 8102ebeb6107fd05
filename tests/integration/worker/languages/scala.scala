object Modes {
  def depth(n: Int): Int = if (n == 0) 0 else 1 + depth(n - 1)

  def main(args: Array[String]): Unit = {
    val lines = scala.io.Source.stdin.getLines()
    lines.next() match {
      case "sum" => print(lines.map(_.split(' ').map(_.toInt).sum).mkString("", "\n", "\n"))
      case "deep" => println(depth(50000))
      case "fail" => sys.exit(3)
      case "loop" => while (true) {}
      case _ => val kept = collection.mutable.ArrayBuffer[Array[Int]](); while (true) kept += new Array[Int](100000)
    }
  }
}
